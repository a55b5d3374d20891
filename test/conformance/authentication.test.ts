// Enhanced authentication: AUTH between CONNECT and CONNACK, and again later. MQTT 5.0 sections 3.15 and 4.12. The
// method is SCRAM-SHA-256, whose messages a small client of the test support makes.

import { describe, expect, it } from "vitest";
import { asked, auth, authenticated, begin } from "../support/authenticating.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { ScramClient, scramMethod, scramUser } from "../support/scram-client.ts";
import { field, properties, rawPacket } from "../support/wire.ts";
import { useTarget, withSettings } from "./target.ts";

const target = useTarget();

describe("AUTH", () => {
  const method = Buffer.concat([Buffer.from([0x15]), field(scramMethod)]);

  it.each([0x18, 0x19])(
    "with reason code %i after a CONNECT without a method is a protocol error [MQTT-4.12.0-7]",
    async (code) => {
      const client = await connect(target.url);
      client.send(auth(Buffer.from("n,,n=user,r=a"), code));
      await client.ended(0x82);
    },
  );

  it.each([0xf1, 0xf2, 0xf4, 0xf8])("with the first byte %i is malformed [MQTT-3.15.1-1]", async (firstByte) => {
    const client = await connect(target.url);
    client.send(rawPacket(firstByte, Buffer.from([0x18]), properties(method)));
    await client.ended(0x81);
  });

  it("is not the first packet of a connection [MQTT-3.1.0-1]", async () => {
    const client = await Conversation.open(target.url);
    client.send(auth());
    await client.closed();
  });

  it.each([3, 4] as const)("does not exist in version %i: the connection is closed", async (version) => {
    const client = await connect(target.url, { version });
    client.send("f0 00");
    await client.closed();
  });

  it("and its method never come from the broker where CONNECT named none [MQTT-4.12.0-6]", async () => {
    const client = await connect(target.url);
    expect(client.connack.properties ?? {}).not.toHaveProperty("authenticationMethod");
    await client.expectNothingMore();
  });
});

describe("CONNECT with a method that the broker does not have", () => {
  it("is refused, with 0x8C or 0x87, and closed [MQTT-4.12.0-1] [MQTT-4.12.0-4]", async () => {
    const client = await Conversation.open(target.url);
    client.send(connectPacket({ properties: { authenticationMethod: unique("method") } }));
    const { reasonCode } = await client.receive({ cmd: "connack", sessionPresent: false });
    expect([0x8c, 0x87]).toContain(reasonCode);
    await client.closed();
  });
});

withSettings({ SCRAM_USERS: `${scramUser("user", "pencil")},${scramUser("other", "pen")}` }, (broker) => {
  const urls = (clientId: string) => [broker.url, ...broker.webSocketUrls(clientId)];

  describe("an authentication", () => {
    it("is AUTH 0x18, AUTH 0x18 and CONNACK, on every way in [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5]", async () => {
      const clientId = unique("scram");
      for (const url of urls(clientId)) {
        const client = await authenticated(url, { clientId });
        await client.expectNothingMore();
        await client.disconnect();
      }
    });

    it("may begin with a CONNECT without data: the broker asks, without data", async () => {
      const clientId = unique("scram");
      for (const url of urls(clientId)) {
        const scram = new ScramClient("user", "pencil");
        const client = await begin(url, undefined, { clientId });
        expect(await asked(client)).toBeUndefined();
        client.send(auth(scram.first()));
        client.send(auth(scram.final(await asked(client))));
        await client.receive({ cmd: "connack", reasonCode: 0, properties: auth(scram.serverFinal).properties });
        await client.disconnect();
      }
    });

    it("goes before everything else: until then the session with this identifier is another's [MQTT-3.2.0-1]", async () => {
      const clientId = unique("scram");
      const topic = unique("authentication/will");
      const watcher = await connect(broker.url);
      await watcher.subscribe(topic);
      const first = await connect(broker.url, { clientId, will: { topic, payload: "first", qos: 0, retain: false } });
      const scram = new ScramClient("user", "pencil");
      const will = { topic, payload: "second", qos: 0 as const, retain: false };
      const second = await begin(broker.url, scram.first(), { clientId, will });
      const serverFirst = await asked(second);
      await first.ping();
      second.send(auth(scram.final(serverFirst)));
      await second.receive({ cmd: "connack", reasonCode: 0 });
      await first.ended(0x8e);
      await watcher.message({ topic, payload: "first" });
      second.drop();
      await watcher.message({ topic, payload: "second" });
    });

    it("that is broken off with DISCONNECT is answered by a close, and its Will is not published", async () => {
      const topic = unique("authentication/will");
      const watcher = await connect(broker.url);
      await watcher.subscribe(topic);
      const will = { topic, payload: "will", qos: 0 as const, retain: false };
      const client = await begin(broker.url, new ScramClient("user", "pencil").first(), { will });
      await asked(client);
      client.send({ cmd: "disconnect", reasonCode: 0x04 });
      await client.closed();
      await watcher.expectNothingMore();
    });

    it("fits a small Maximum Packet Size, because it has neither reasons nor user properties [MQTT-3.15.2-2] [MQTT-3.15.2-3]", async () => {
      const scram = new ScramClient("user", "pencil", { nonce: "abcdefgh" });
      // Fixed header 2, reason code 1, Property Length 1, method 3 + 13, data 3 + 68.
      const client = await begin(broker.url, scram.first(), { properties: { maximumPacketSize: 91 } });
      const bytes = await client.receiveBytes();
      expect(bytes.length).toBeLessThanOrEqual(91);
      expect(client.decode(bytes)).toMatchObject({ cmd: "auth", reasonCode: 0x18 });
    });
  });

  describe("an authentication is refused with CONNACK and a close", () => {
    it.each([
      ["a wrong password", "user", "pen"],
      ["a name that nobody has", "nobody", "pencil"],
    ])("for %s, in the same words [MQTT-4.12.0-4] [MQTT-3.14.0-1]", async (_, name, password) => {
      const clientId = unique("scram");
      for (const url of urls(clientId)) {
        const scram = new ScramClient(name, password);
        const client = await begin(url, scram.first(), { clientId });
        client.send(auth(scram.final(await asked(client))));
        const words = { reasonString: "the user name or the password is wrong" };
        await client.receive({ cmd: "connack", reasonCode: 0x87, sessionPresent: false, properties: words });
        await client.closed();
      }
    });

    it.each([
      ["channel binding", "p=tls-exporter,,n=user,r=a"],
      ["a name to act for", "n,a=other,n=user,r=a"],
      ["no SCRAM at all", "hello"],
    ])("for a first message with %s", async (_, message) => {
      const client = await begin(broker.url, Buffer.from(message));
      await client.receive({ cmd: "connack", reasonCode: 0x87 });
      await client.closed();
    });

    it("for a proof from another exchange", async () => {
      const scram = new ScramClient("user", "pencil");
      const first = await begin(broker.url, scram.first());
      const proof = scram.final(await asked(first));
      const second = await begin(broker.url, scram.first());
      await asked(second);
      second.send(auth(proof));
      await second.receive({ cmd: "connack", reasonCode: 0x87 });
      await second.closed();
    });

    it.each([
      ["another method", { ...auth(), properties: { authenticationMethod: "other" } }, 0x82],
      ["re-authentication", auth(undefined, 0x19), 0x82],
      ["success, which is for the broker to say [MQTT-3.15.2-1]", "f0 00", 0x82],
      ["flags [MQTT-3.15.1-1]", "f1 00", 0x81],
      ["no properties", "f0 01 18", 0x81],
    ] as const)("for AUTH with %s", async (_, packet, reasonCode) => {
      const client = await begin(broker.url, new ScramClient("user", "pencil").first());
      await asked(client);
      client.send(packet);
      await client.receive({ cmd: "connack", reasonCode });
      await client.closed();
    });

    it.each([
      ["PINGREQ", "c0 00"],
      ["PUBLISH", "30 05 00 01 61 00 6d"],
      ["SUBSCRIBE", "82 07 00 01 00 00 01 61 00"],
    ])("for %s during it, which is not acted on [MQTT-3.1.2-30] [MQTT-3.1.4-6] [MQTT-3.2.0-1]", async (_, packet) => {
      const clientId = unique("scram");
      for (const url of urls(clientId)) {
        const client = await begin(url, new ScramClient("user", "pencil").first(), { clientId });
        await asked(client);
        client.send(packet);
        await client.receive({ cmd: "connack", reasonCode: 0x82 });
        await client.closed();
      }
    });
  });

  describe("a re-authentication", () => {
    const again = async (client: Conversation, scram: ScramClient) => {
      client.send(auth(scram.first(), 0x19));
      client.send(auth(scram.final(await asked(client))));
    };

    it("ends with AUTH 0x00, and other packets go on meanwhile [MQTT-4.12.1-1] [MQTT-4.12.0-5]", async () => {
      const clientId = unique("scram");
      for (const url of urls(clientId)) {
        const client = await authenticated(url, { clientId });
        for (let count = 0; count < 2; count++) {
          const scram = new ScramClient("user", "pencil");
          client.send(auth(scram.first(), 0x19));
          const serverFirst = await asked(client);
          await client.subscribe("a");
          await client.ping();
          client.send(auth(scram.final(serverFirst)));
          await client.receive({ ...auth(scram.serverFinal, 0x00) });
        }
        await client.expectNothingMore();
        await client.disconnect();
      }
    });

    it.each([
      ["a wrong password", "user", "pen"],
      ["the password of another user", "other", "pen"],
    ])("with %s ends with DISCONNECT 0x87, and the Will [MQTT-4.12.1-2] [B57]", async (_, name, password) => {
      const topic = unique("authentication/will");
      const watcher = await connect(broker.url);
      await watcher.subscribe(topic);
      const will = { topic, payload: "will", qos: 0 as const, retain: false };
      const client = await authenticated(broker.url, { will });
      const scram = new ScramClient(name, password);
      // Another user's name is refused before a password is proved.
      if (name === "user") await again(client, scram);
      else client.send(auth(scram.first(), 0x19));
      await client.ended(0x87);
      await watcher.message({ topic, payload: "will" });
    });

    it.each([
      [
        "with another method [MQTT-4.12.1-1]",
        { ...auth(undefined, 0x19), properties: { authenticationMethod: "other" } },
      ],
      ["that continues what has not begun", auth(Buffer.from("c=biws"))],
      ["that says success [MQTT-3.15.2-1]", "f0 00"],
    ] as const)("%s is a protocol error", async (_, packet) => {
      const client = await authenticated(broker.url);
      client.send(packet);
      await client.ended(0x82);
    });
  });
});

withSettings({ SCRAM_USERS: scramUser("user", "pencil"), CONNECT_TIMEOUT_SEC: "1" }, (broker) => {
  it("an authentication that is not completed ends with the time for CONNECT", async () => {
    const clientId = unique("scram");
    for (const url of [broker.url, ...broker.webSocketUrls(clientId)]) {
      const client = await begin(url, new ScramClient("user", "pencil").first(), { clientId });
      await asked(client);
      await client.closed();
    }
  });
});
