// The HTTP side: routes, the reply to the upgrade, subprotocols, text frames. MQTT 5.0 section 6.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { clientFrame, closeCode, refusedUpgrade, upgrade } from "../support/handshake.ts";
import { connectMqttJs, inboxOf, versions } from "../support/mqttjs.ts";
import { hex } from "../support/wire.ts";

const broker = useBroker();

/** What a client's library offers, besides nothing. */
const offers = ["mqtt", "mqttv3.1", "chat, mqtt", "chat", "graphql-ws, MQTTX"];
const mqttOffers = offers.slice(0, 3);

describe("an upgrade", () => {
  const offering = (offer?: string) => (offer === undefined ? {} : { "Sec-WebSocket-Protocol": offer });

  it("is for MQTT at /mqtt and /mqtt/{clientId}, whatever it offers", async () => {
    for (const base of ["", "/ns/handshake"]) {
      for (const path of [`${base}/mqtt`, `${base}/mqtt/${unique("table")}`, `${base}/mqtt?x=1`]) {
        for (const offer of [undefined, ...offers]) {
          const { status, socket } = await upgrade(`${broker.http}${path}`, offering(offer));
          expect(status, `${path}, offering ${offer}`).toBe(101);
          socket.destroy();
        }
      }
    }
  });

  it("[B110] without that path, or with a slash behind it, is for MQTT when it offers MQTT", async () => {
    for (const base of ["", "/ns/handshake"]) {
      for (const path of base === "" ? ["", "/", "/mqtt/", "/?x=1"] : [base, `${base}/`, `${base}/mqtt/`]) {
        for (const offer of mqttOffers) {
          const { status, headers, socket } = await upgrade(`${broker.http}${path}`, offering(offer));
          expect(status, `${path}, offering ${offer}`).toBe(101);
          expect(headers["sec-websocket-protocol"]).toBe(offer.replace("chat, ", ""));
          socket.destroy();
        }
        for (const offer of [undefined, ...offers.slice(mqttOffers.length)])
          await expectRefused(path, offer, `${base}/mqtt`);
      }
    }
  });

  it("[B111] anywhere else is refused in a line that says where MQTT is, never answered with a page", async () => {
    const paths = ["/index.html", "/favicon.svg", "/mqtts", "/MQTT", "/ws", "//", "/mqtt/a/b", "/mqtt/a/", "/mqttx/"];
    for (const offer of [undefined, ...offers]) {
      for (const path of [...paths, "/ns/", "/ns//mqtt", "/ns/no.name/mqtt", `/ns/${"n".repeat(65)}/`])
        await expectRefused(path, offer, "/mqtt");
      for (const path of ["/ns/handshake/ws", "/ns/handshake/mqtt/a/b", "/ns/handshake/mqttx"])
        await expectRefused(path, offer, "/ns/handshake/mqtt");
    }
  });

  it("[B111] at an address of the API is refused in the API's form", async () => {
    for (const path of ["/api/v1/health", "/api/v1/openapi.json", "/metrics", "/ns/handshake/api/v1/clients"]) {
      const { status, body } = await refusedUpgrade(`${broker.http}${path}`, offering("mqtt"));
      expect(status, path).toBe(404);
      expect(JSON.parse(body)).toEqual({ error: { code: "not-found", message: expect.stringMatching(/\/mqtt$/) } });
    }
  });

  async function expectRefused(path: string, offer: string | undefined, mqttPath: string): Promise<void> {
    const { status, body } = await refusedUpgrade(`${broker.http}${path}`, offering(offer));
    expect(status, `${path}, offering ${offer}`).toBe(404);
    expect(body, path).toBe(`no WebSocket is here: MQTT over WebSocket is at ${mqttPath}\n`);
  }
});

describe("MQTT.js", () => {
  it.each(versions)(
    "[B110] is served when its URL has no path, or a slash at its end, protocol version %i",
    async (version) => {
      for (const path of ["", "/", "/mqtt/", "/ns/handshake", "/ns/handshake/"]) {
        const client = await connectMqttJs(`${broker.ws.replace("/mqtt", path)}`, version);
        const inbox = inboxOf(client);
        const topic = unique("handshake/no-path");
        await client.subscribeAsync(topic, { qos: 1 });
        await client.publishAsync(topic, path, { qos: 1 });
        expect((await inbox.take(1)).map(({ payload }) => String(payload))).toEqual([path]);
        await client.endAsync();
      }
    },
  );
});

describe("what is no upgrade", () => {
  it("gets the dashboard's page at /", async () => {
    const response = await fetch(`${broker.http}/`, { headers: { "Sec-WebSocket-Protocol": "mqtt" } });
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
  });

  it.each(["/mqtt", "/mqtt/someone"])("is asked for a WebSocket at %s", async (path) => {
    const response = await fetch(`${broker.http}${path}`);
    expect(response.status).toBe(426);
    expect((await response.text()).trimEnd()).toMatch(/^[^\n<]+$/);
  });

  it("is not found anywhere else, in a line that says where MQTT is", async () => {
    const places = { "/mqtt/": "/mqtt", "/mqtts": "/mqtt", "/ns/handshake": "/ns/handshake/mqtt" };
    for (const [path, mqttPath] of Object.entries(places)) {
      const response = await fetch(`${broker.http}${path}`);
      expect(response.status, path).toBe(404);
      expect(await response.text()).toBe(`nothing is here: MQTT over WebSocket is at ${mqttPath}\n`);
    }
  });
});

describe("the reply to the upgrade", () => {
  const urls = () => [broker.ws, broker.wsNative(unique("handshake"))];

  it("answers mqtt among others, and mqttv3.1 where it is all that is offered", async () => {
    const answers = { "arduino, mqtt": "mqtt", "mqttv3.1": "mqttv3.1", "mqttv3.1, mqtt": "mqtt" };
    for (const url of urls()) {
      for (const [offered, answer] of Object.entries(answers)) {
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
