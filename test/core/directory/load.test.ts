import { describe, expect, it } from "vitest";
import { type Load, loadSpans, nextLoad } from "../../../src/core/directory/load.ts";
import { noCounts } from "../../../src/core/session/counters.ts";

const startMs = 1_800_000_000_000;
const counting = (packetsReceived: number) => ({ ...noCounts, packetsReceived });

/** Looks every ten seconds, with this number of packets between two looks. */
function lookedAt(looks: number, packets: number, from?: Load): Load {
  let load = from ?? nextLoad(undefined, counting(0), startMs);
  for (let look = 0; look < looks; look += 1) {
    load = nextLoad(load, counting(load.counts.packetsReceived + packets), load.atMs + 10_000);
  }
  return load;
}

describe("load averages", () => {
  it("begin at 0, whatever was counted before anybody looked", () => {
    const { perMinute } = nextLoad(undefined, counting(1_000), startMs);
    expect(perMinute["messages/received"]).toEqual([0, 0, 0]);
  });

  it("come to the rate of a minute, the longer the span the later", () => {
    const [one, five, fifteen] = lookedAt(6, 100).perMinute["messages/received"];
    // 600 per minute, after one minute: 1 - e^-1, 1 - e^-1/5, 1 - e^-1/15.
    expect(one).toBeCloseTo(600 * (1 - Math.exp(-1)), 6);
    expect(five).toBeCloseTo(600 * (1 - Math.exp(-1 / 5)), 6);
    expect(fifteen).toBeCloseTo(600 * (1 - Math.exp(-1 / 15)), 6);
    for (const average of lookedAt(1_000, 100).perMinute["messages/received"]) expect(average).toBeCloseTo(600, 1);
  });

  it("do not depend on how often somebody looks", () => {
    const first = nextLoad(undefined, counting(0), startMs);
    const once = nextLoad(first, counting(600), startMs + 60_000).perMinute["messages/received"];
    for (const index of loadSpans.keys()) {
      expect(lookedAt(6, 100).perMinute["messages/received"][index]).toBeCloseTo(once[index] ?? 0, 6);
    }
  });

  it("decay while nothing happens, and stay as they are where two look at once", () => {
    const busy = lookedAt(6, 100);
    const [one] = lookedAt(6, 0, busy).perMinute["messages/received"];
    expect(one).toBeCloseTo((busy.perMinute["messages/received"][0] ?? 0) * Math.exp(-1), 6);
    expect(nextLoad(busy, counting(10_000), busy.atMs + 999)).toBe(busy);
  });

  it("go on from there when the clock was set back", () => {
    const busy = lookedAt(6, 100);
    const back = nextLoad(busy, counting(10_000), busy.atMs - 3_600_000);
    expect(back).toEqual({ atMs: busy.atMs - 3_600_000, counts: counting(10_000), perMinute: busy.perMinute });
    const [one] = nextLoad(back, counting(10_100), back.atMs + 10_000).perMinute["messages/received"];
    expect(one).toBeCloseTo(600 + ((busy.perMinute["messages/received"][0] ?? 0) - 600) * Math.exp(-1 / 6), 6);
  });
});
