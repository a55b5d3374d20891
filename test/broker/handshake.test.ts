// The HTTP side: routes, the reply to the upgrade, subprotocols, text frames. MQTT 5.0 section 6.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { clientFrame, closeCode, refusedUpgrade, upgrade } from "../support/handshake.ts";
import { hex } from "../support/wire.ts";

const broker = useBroker();

describe("routes", () => {
  it("a path that is none of ours is not found", async () => {
    for (const path of ["/mqtts", "/mqtt/a/b", "/ws", "/ns//mqtt"]) {
      const { status, body } = await refusedUpgrade(`${broker.http}${path}`);
      expect(status, path).toBe(404);
      expect(body.trimEnd(), path).toMatch(/^[^\n<]+$/);
    }
  });

  it.each(["/mqtt", "/mqtt/someone"])("%s without an upgrade says that it wants one", async (path) => {
    const response = await fetch(`${broker.http}${path}`);
    expect(response.status).toBe(426);
    expect((await response.text()).trimEnd()).toMatch(/^[^\n<]+$/);
  });
});

describe("the reply to the upgrade", () => {
  const urls = () => [broker.ws, broker.wsNative(unique("handshake"))];

  it("answers mqtt among others, and mqttv3.1 where it is all that is offered", async () => {
    const offers = { "arduino, mqtt": "mqtt", "mqttv3.1": "mqttv3.1", "mqttv3.1, mqtt": "mqtt" };
    for (const url of urls()) {
      for (const [offered, answer] of Object.entries(offers)) {
        const { headers, socket } = await upgrade(url, { "Sec-WebSocket-Protocol": offered });
        expect(headers["sec-websocket-protocol"], offered).toBe(answer);
        socket.destroy();
      }
    }
  });

  it("accepts none, and an unknown one, without an answer", async () => {
    for (const url of urls()) {
      for (const offer of [{}, { "Sec-WebSocket-Protocol": "arduino" }] as Record<string, string>[]) {
        const { status, headers, socket } = await upgrade(url, offer);
        expect(status).toBe(101);
        expect(headers["sec-websocket-protocol"]).toBeUndefined();
        socket.destroy();
      }
    }
  });

  it("is small and plain: what boards read into 1,024 bytes", async () => {
    const offer = { "Sec-WebSocket-Protocol": "mqtt", "Sec-WebSocket-Extensions": "permessage-deflate" };
    for (const url of urls()) {
      const { headers, rawHeaders, socket } = await upgrade(url, { ...offer, Origin: "file://" });
      expect(headers["sec-websocket-extensions"] ?? "").not.toContain("deflate");
      expect(headers.connection).toBe("Upgrade");
      expect(rawHeaders.filter((name) => /^(x-|set-cookie)/i.test(name))).toEqual([]);
      expect(rawHeaders.join(": ").length).toBeLessThan(400);
      socket.destroy();
    }
  });

  it("is served to mqttv3.1 clients with a working broker behind it", async () => {
    const client = await connect(broker.ws, { version: 3, subprotocol: "mqttv3.1" });
    await client.ping();
    await client.disconnect();
  });
});

describe("text frames", () => {
  it("close the connection after CONNECT, as if the network had failed", async () => {
    for (const path of ["relayed WebSocket", "native WebSocket"] as const) {
      const topic = unique("handshake/text");
      const watcher = await connect(broker.tcp);
      await watcher.subscribe(topic);
      const clientId = unique("text");
      const will = { topic, payload: "gone", qos: 0 as const, retain: false };
      const client = await connect(broker.url(path, clientId), { version: 4, clientId, will });
      client.sendText("hello");
      await client.closed();
      await watcher.message({ topic, payload: "gone" });
    }
  });
});

describe("a Close frame of the client", () => {
  it.each(["relayed WebSocket", "native WebSocket"] as const)("is answered over the %s", async (path) => {
    const clientId = unique("leaving");
    // Keeps the object awake.
    const other = await connect(broker.url(path, clientId), { clientId });
    const early = await upgrade(broker.url(path, clientId));
    early.socket.write(clientFrame(hex("03 e9"), 8));
    expect(await closeCode(early)).toBe(1001);
    await other.ping();
    const leaving = await upgrade(broker.url(path, clientId), { "Sec-WebSocket-Protocol": "mqtt" });
    leaving.socket.write(clientFrame(other.encode(connectPacket({ clientId }))));
    leaving.socket.write(clientFrame(hex("03 e8"), 8));
    expect(await closeCode(leaving)).toBe(1000);
  });
});
