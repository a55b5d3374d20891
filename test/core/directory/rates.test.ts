import { expect, it } from "vitest";
import { RateTable } from "../../../src/core/directory/rates.ts";
import { noCounts } from "../../../src/core/session/counters.ts";

const startMs = 1_800_000_000_000;

it("the sum of the sessions' rates leaves no remainder of fractions when they have gone", () => {
  const rates = new RateTable();
  const clientIds = ["a", "b", "c"];
  for (const clientId of clientIds) rates.onConnected(clientId, startMs);
  // 0.1, 0.2 and 0.4 a second, which have no exact sum.
  for (const [index, clientId] of clientIds.entries()) {
    const messagesReceived = [1, 2, 4][index] ?? 0;
    rates.onCounted(clientId, { ...noCounts, messagesReceived }, startMs + 10_000);
  }
  expect(rates.read(startMs + 10_000).messagesReceived).toBe(0.7);
  for (const clientId of clientIds) rates.onLeft(clientId, noCounts);
  expect(rates.read(startMs + 20_000)).toEqual(noCounts);
});
