import { availableParallelism } from "node:os";
import { describe, expect, it, vi } from "vitest";
import { runSeeds } from "./pool.ts";
import { recordSeed, replayFile } from "./recording.ts";
import { type Sabotage, type SabotageName, sabotages } from "./sabotage.ts";

// Only names are read here; what changes classes runs in the threads, where globals.ts puts the module in place.
vi.mock("cloudflare:workers", () => import("./cloudflare-workers.ts"));

const threads = availableParallelism();
const seeds = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const names = Object.keys(sabotages) as SabotageName[];

describe("the broker, whatever goes wrong", () => {
  it("keeps its promises [MQTT-4.3.2-4] [MQTT-4.3.3-10] [MQTT-4.6.0-5]", { timeout: 180_000 }, async () => {
    expect(await runSeeds(seeds(200), { threads, features: [] })).toEqual([]);
  });

  it("keeps them in worlds with a relay, credentials, and stranger faults", { timeout: 240_000 }, async () => {
    expect(await runSeeds(seeds(60), { threads })).toEqual([]);
  });
});

describe("the judge of the simulator", () => {
  it.each(names)("sees a broker with %s", { timeout: 120_000 }, async (sabotage) => {
    const { seed, features }: Sabotage = sabotages[sabotage];
    if (seed === undefined) {
      console.log(`no seed is known that finds it: npm run simulate -- --stop --sabotage "${sabotage}"`);
      return;
    }
    expect(await runSeeds([seed], { threads: 1, features })).toEqual([]);
    const isFound = (await runSeeds([seed], { threads: 1, sabotage })).length > 0;
    if (isFound) return;
    const found = await runSeeds(seeds(300), { threads, sabotage, stopsAtFailure: true });
    expect(found.length).toBeGreaterThan(0);
    console.log(`"${sabotage}" is found by seed ${found[0]?.seed} now, and no more by ${seed}`);
  });

  it("records sessions that replay to the same effects", { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const path = await recordSeed(3, { threads: 1 });
    expect(replayFile(path, false, (line) => lines.push(line))).toBe(0);
    expect(lines.length).toBeGreaterThan(100);
  });

  it("runs the same seed the same way again", { timeout: 60_000 }, async () => {
    const trace = async () => {
      const lines: string[] = [];
      await runSeeds([3, 11], { threads: 1, onTrace: (line) => lines.push(line) });
      return lines;
    };
    const first = await trace();
    expect(first.length).toBeGreaterThan(100);
    expect(await trace()).toEqual(first);
  });
});
