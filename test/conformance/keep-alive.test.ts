// The Keep Alive: when a silent client is given up, and what keeps it. MQTT 5.0 section 3.1.2.10.

import { describe, expect, it, vi } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { passed, timed } from "../support/time.ts";
import { givenUp } from "./given-up.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
// What these wait for is the same second.
vi.setConfig({ maxConcurrency: 20 });

describe.concurrent("a client with Keep Alive 1", () => {
  it.each([3, 4, 5] as const)(
    "of version %i is closed after one and a half seconds of silence [MQTT-3.1.2-22] [MQTT-3.2.2-22] [3.1.1 MQTT-3.1.2-24]",
    async (version) => {
      // From before CONNECT, which is when the broker can begin to count.
      const elapsedMs = await timed(
        connect(target.url, { version, keepalive: 1 }).then((client) => {
          expect(client.connack.properties?.serverKeepAlive).toBeUndefined();
          return givenUp(client);
        }),
      );
      expect(elapsedMs).toBeGreaterThan(1400);
      // Brokers that look round every few seconds are late.
      expect(elapsedMs).toBeLessThan(8000);
    },
  );

  it.each<[string, (client: Connected, topic: string) => void]>([
    ["PINGREQ", (client) => client.send({ cmd: "pingreq" })],
    ["PUBLISH", (client, topic) => client.sendPublish(topic, "x")],
    ["PUBACK, of nothing", (client) => client.send({ cmd: "puback", messageId: 7 })],
    ["UNSUBSCRIBE", (client, topic) => client.send({ cmd: "unsubscribe", messageId: 7, unsubscriptions: [topic] })],
  ])("is kept by %s [MQTT-3.1.2-22]", async (_, beat) => {
    const client = await connect(target.url, { version: 4, keepalive: 1 });
    const topic = unique("keep-alive");
    for (let count = 0; count < 7; count++) {
      await passed(400);
      beat(client, topic);
    }
    // What came is the answers to that, or nothing; the connection is still there.
    client.send({ cmd: "pingreq" });
    await client.receiveUntil("pingresp");
  });

  it("is not kept by what the server sends [MQTT-3.1.2-22]", async () => {
    const topic = unique("keep-alive");
    const publisher = await connect(target.url);
    const client = await connect(target.url, { keepalive: 1 });
    await client.subscribe(topic);
    const flow = setInterval(() => publisher.sendPublish(topic, "x"), 300);
    const lost = expect(client.receiveUntil("pingresp", { timeoutMs: 4000 })).rejects.toThrow("closed");
    await lost.finally(() => clearInterval(flow));
  });

  it("is lost as if the network had failed: its session is kept [MQTT-3.1.2-22]", async () => {
    const topic = unique("keep-alive");
    const client = await connect(target.url, { ...durable(4), keepalive: 1 });
    await client.subscribe(topic, { qos: 1 });
    await givenUp(client);
    await (await connect(target.url)).publish(topic, "kept", { qos: 1 });
    const again = await connect(target.url, { ...durable(4), clientId: client.clientId });
    await again.message({ topic, payload: "kept" });
  });
});

describe.concurrent("a client with Keep Alive 0", () => {
  it.each([3, 4, 5] as const)("of version %i may be silent", async (version) => {
    const client = await connect(target.url, { version, keepalive: 0 });
    await passed(3500);
    await client.ping();
  });
});
