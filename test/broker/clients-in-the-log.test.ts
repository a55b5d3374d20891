// What clients bring about and an operator looks for: a line of the log each, and no flood of them.

import { beforeEach, expect, it } from "vitest";
import { Seldom } from "../../src/platform/seldom.ts";
import { paths, useBroker } from "../support/broker.ts";
import { connect } from "../support/connect.ts";
import { refusedUpgrade } from "../support/handshake.ts";

const log: string[] = [];
const broker = useBroker({ log: (line) => log.push(line) });
beforeEach(() => {
  log.length = 0;
});

it.each(paths)("a client that fell silent over %s is named", async (path) => {
  const clientId = `silent-${path.replace(" ", "-")}`;
  const client = await connect(broker.url(path, clientId), { clientId, keepalive: 1, version: 4 });
  await client.closed({ timeoutMs: 10_000 });
  const line = `a client fell silent, namespace default, clientId ${clientId}: nothing came for 1.5 times its keep alive`;
  await expect.poll(() => log.filter((each) => each === line)).toHaveLength(1);
});

it("a WebSocket that is refused is a line, at most 20 times a minute", async () => {
  const elsewhere = `${broker.http.replace("http", "ws")}/elsewhere`;
  for (let count = 0; count < 25; count += 1) expect((await refusedUpgrade(elsewhere)).status).toBe(404);
  const line = "a WebSocket is refused: 404 no WebSocket is here: MQTT over WebSocket is at /mqtt";
  await expect.poll(() => log.filter((each) => each === line)).toHaveLength(20);
});

it("the next minute tells how many were left out", () => {
  const seldom = new Seldom(2);
  expect([0, 1, 2, 3].map((nowMs) => seldom.note("kind", nowMs))).toEqual([0, 0, undefined, undefined]);
  expect(seldom.note("other", 3)).toBe(0);
  expect([60_000, 60_001].map((nowMs) => seldom.note("kind", nowMs))).toEqual([2, 0]);
  // The clock was set back.
  expect(seldom.note("kind", 0)).toBe(0);
});
