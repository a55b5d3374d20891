// `npm run test:crash` in short. ledger.test.ts shows that its judgement can fail.

import { describe, expect, it } from "vitest";
import { violationsOf } from "./report.ts";
import { run } from "./run.ts";

describe("workerd, killed under load", () => {
  it("has lost nothing that it acknowledged, and doubles nothing at QoS 2", async () => {
    const report = await run({ rounds: 3, seed: Math.floor(Math.random() * 1_000_000), messagesPerRound: 200 });
    expect(violationsOf(report), `seed ${report.seed}`).toEqual([]);
    const { qos1, qos2 } = report.acknowledged;
    expect(Math.min(qos1, qos2, report.load.delivered, report.retained)).toBeGreaterThan(0);
    expect(report.wills.delivered).toBe(12);
    expect(report.expired).toBe(6);
  }, 60_000);
});
