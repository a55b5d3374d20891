// The load generator with our broker, and with a server that loses and repeats.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type MessageWork, runMessages } from "../../bench/generator/messages.ts";
import { type Broker, startBroker } from "../support/broker.ts";
import { runtimePids } from "../support/runtime.ts";

const pairs: MessageWork = {
  shape: "pairs",
  publishers: 2,
  subscribers: 2,
  qos: 0,
  isDurable: false,
  payloadBytes: 64,
  window: 20,
  topicsPerPublisher: 1,
};
const short = { warmUpMs: 100, measuredMs: 200 };

describe("our broker", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({ variables: { MAXIMUM_PUBLISH_RATE: "0" } });
  });
  afterAll(() => broker.close());

  const target = (path: string) => ({
    host: "127.0.0.1",
    port: Number(new URL(broker.http).port),
    path,
    speaksMqtt: true,
    pids: runtimePids(),
  });

  it.each<[string, Partial<MessageWork>]>([
    ["QoS 0", {}],
    ["QoS 1", { qos: 1 }],
    ["QoS 2, durable", { qos: 2, isDurable: true }],
    ["all to one", { shape: "all-to-one", publishers: 3, subscribers: 1 }],
    ["one to all", { shape: "one-to-all", publishers: 1, subscribers: 3, qos: 1 }],
    ["several topics", { topicsPerPublisher: 5 }],
    ["one at a time", { window: 1 }],
    ["a large payload", { payloadBytes: 70_000, window: 2 }],
    ["a given rate", { offeredPerSec: 500 }],
  ])("brings every message once: %s", async (name, changed) => {
    const job = { kind: "messages", runId: name.replaceAll(/\W/g, ""), ...short } as const;
    const figures = await runMessages(target("/mqtt/{clientId}"), { ...job, work: { ...pairs, ...changed } });
    expect(figures).toMatchObject({ lost: 0, duplicated: 0 });
    expect(figures.perSec).toBeGreaterThan(0);
    expect(figures.p99Ms).toBeGreaterThanOrEqual(figures.p50Ms as number);
    if (changed.offeredPerSec !== undefined) expect(figures.perSec).toBeLessThan(changed.offeredPerSec * 1.2);
  });
});

describe("a server that loses and repeats", () => {
  it("is found out", async () => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    let subscriber: WebSocket | undefined;
    let [frames, dropped, repeated] = [0, 0, 0];
    server.on("connection", (socket, request) => {
      if (request.url?.includes("-s-")) {
        subscriber = socket;
        return;
      }
      socket.on("message", (data: Buffer) => {
        if (data[0] !== 0x30) return; // DISCONNECT
        frames += 1;
        const copies = frames % 100 === 50 ? 0 : frames % 100 === 75 ? 2 : 1;
        if (copies === 0) dropped += 1;
        if (copies === 2) repeated += 1;
        for (let copy = 0; copy < copies; copy += 1) subscriber?.send(data);
      });
    });
    const { port } = server.address() as AddressInfo;
    const target = { host: "127.0.0.1", port, path: "/{clientId}", speaksMqtt: false, pids: [process.pid] };
    const work = { ...pairs, publishers: 1, subscribers: 1 };
    const figures = await runMessages(target, { kind: "messages", runId: "x", ...short, work });
    server.close();
    expect(dropped).toBeGreaterThan(0);
    expect([figures.lost, figures.duplicated]).toEqual([dropped, repeated]);
  });
});
