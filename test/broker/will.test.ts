// The Will on each of the three paths to a session, for each notices the end of a connection in its own way. MQTT 5.0
// section 3.1.2.5; what a Will is and does is in test/conformance.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { type ConnectOptions, connect, connectPacket, unique } from "../support/connect.ts";

const broker = useBroker();

describe.each(paths)("over %s the Will", (path) => {
  /** A client with a Will to a new topic, and a watcher of that topic. */
  async function scene(options: ConnectOptions = {}) {
    const topic = unique("will");
    const clientId = unique("mortal");
    const watcher = await connect(broker.tcp);
    await watcher.subscribe(topic, { qos: 2 });
    const will = { topic, payload: "gone", qos: 0, retain: false } as const;
    return { watcher, client: await connect(broker.url(path, clientId), { clientId, will, ...options }), topic };
  }

  it("is published when the connection breaks off [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene();
    client.drop();
    await watcher.message({ topic, payload: "gone", qos: 0, retain: false });
    await watcher.expectNothingMore(); // [MQTT-3.1.2-10]
  });

  it("is published when the connection is closed without DISCONNECT [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene({ version: 4 });
    client.end();
    await watcher.message({ topic, payload: "gone" });
  });

  it("is discarded by DISCONNECT [MQTT-3.14.4-3]", async () => {
    const { watcher, client } = await scene();
    await client.disconnect();
    await watcher.expectNothingMore();
  });

  it("is published after DISCONNECT with reason 0x04", async () => {
    const { watcher, client, topic } = await scene();
    await client.disconnect(0x04);
    await watcher.message({ topic, payload: "gone" });
  });

  // These wait for real time: together.
  it.concurrent.each([4, 5] as const)(
    "is published when a version %i client falls silent for 1.5 times its keep alive [MQTT-3.1.2-22]",
    async (version) => {
      const startMs = performance.now(); // before CONNECT, which is when the broker can begin to count
      const { watcher, client, topic } = await scene({ keepalive: 1, version });
      await watcher.message({ topic, payload: "gone" }, { timeoutMs: 9000 });
      const elapsedMs = performance.now() - startMs;
      expect(elapsedMs).toBeGreaterThan(1400);
      expect(elapsedMs).toBeLessThan(4000);
      if (version === 5) await client.receive({ cmd: "disconnect", reasonCode: 0x8d });
      await client.closed();
    },
    10_000,
  );

  it.concurrent("is not published while the client keeps alive", async () => {
    const { watcher, client } = await scene({ keepalive: 1 });
    const beat = setInterval(() => client.send({ cmd: "pingreq" }), 400);
    await watcher.expectNothing(2500).finally(() => clearInterval(beat));
  });

  it("is published when the client breaks the protocol [B53]", async () => {
    const { watcher, client, topic } = await scene();
    client.send(connectPacket());
    await watcher.message({ topic, payload: "gone" });
  });
});
