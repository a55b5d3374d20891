import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { runSeeds } from "./pool.ts";
import { regressionSeeds } from "./regression-seeds.ts";
import { type SabotageName, sabotages } from "./sabotage.ts";

const threads = availableParallelism();
const seeds = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("the broker, whatever goes wrong", () => {
  it("keeps its promises [MQTT-4.3.2-4] [MQTT-4.3.3-10] [MQTT-4.6.0-5]", { timeout: 120_000 }, async () => {
    expect(await runSeeds([...regressionSeeds, ...seeds(150)], { threads })).toEqual([]);
  });
});

describe("the judge of the simulator", () => {
  it.each(Object.keys(sabotages) as SabotageName[])("sees a broker with %s", { timeout: 120_000 }, async (sabotage) => {
    const failures = await runSeeds(seeds(200), { threads, sabotage, stopsAtFailure: true });
    expect(failures.length).toBeGreaterThan(0);
  });

  it("runs the same seed the same way again", { timeout: 60_000 }, async () => {
    const trace = async () => {
      const lines: string[] = [];
      await runSeeds([3], { threads: 1, onTrace: (line) => lines.push(line) });
      return lines;
    };
    const first = await trace();
    expect(first.length).toBeGreaterThan(100);
    expect(await trace()).toEqual(first);
  });
});
