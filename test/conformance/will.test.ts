// The Will: when it is published, when it is not, and what it carries; the reason codes of DISCONNECT are in
// disconnect.test.ts. MQTT 5.0 sections 3.1.2.5 and 3.1.3.2.

import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, hex, properties, userProperty } from "../support/wire.ts";
import { connectBytes, connectFlags } from "./connect-bytes.ts";
import { useTarget } from "./target.ts";
import { connectWithWill, type Will } from "./will.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;
const scene = (will: Partial<Will> = {}, options: ConnectOptions = {}) => connectWithWill(target.url, will, options);

describe.concurrent("the Will is published", () => {
  it.each(versions)(
    "when the network of a version %i client fails [MQTT-3.1.2-7] [MQTT-3.1.2-8] [3.1.1 MQTT-3.1.2-8]",
    async (version) => {
      const { watcher, client, topic } = await scene({}, { version });
      await watcher.expectNothingMore();
      client.drop();
      await watcher.message({ topic, payload: "will", qos: 0, retain: false });
      await watcher.expectNothingMore();
    },
  );

  it.each(versions)("when a version %i client closes without DISCONNECT [MQTT-3.1.2-8]", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    client.end();
    await watcher.message({ topic, payload: "will" });
  });

  it.each(versions)("when a version %i client breaks the protocol [MQTT-3.1.2-8]", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    client.send(connectPacket({ version, clientId: client.clientId }));
    await watcher.message({ topic, payload: "will" });
  });

  it.each(versions)("when a version %i client sends what is malformed [MQTT-3.1.2-8]", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    client.send("00 00");
    await watcher.message({ topic, payload: "will" });
  });

  it.each([4, 5] as const)("when a version %i client falls silent [MQTT-3.1.2-8]", async (version) => {
    const { watcher, topic } = await scene({}, { version, keepalive: 1 });
    await watcher.message({ topic, payload: "will" }, { timeoutMs: 12_000 });
  });

  it.each([
    [4, true],
    [5, true],
    [5, false],
  ] as const)(
    "when one of version %i takes the client over, with Clean Start %s [MQTT-3.1.2-8]",
    async (version, clean) => {
      const { watcher, topic, again } = await scene({}, { version });
      await again({ clean });
      await watcher.message({ topic, payload: "will" });
      await watcher.expectNothingMore();
    },
  );

  it("when DISCONNECT is refused [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene();
    client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
    await watcher.message({ topic, payload: "will" });
  });

  it("once: the next connection, without a Will, has none [MQTT-3.1.2-10] [3.1.1 MQTT-3.1.2-10] [3.1.1 MQTT-3.1.2-12]", async () => {
    for (const version of versions) {
      const { watcher, client, topic, again } = await scene({}, { version });
      client.drop();
      await watcher.message({ topic, payload: "will" });
      (await again()).drop();
      // What the broker makes of that lost connection is over when the next one is accepted.
      await (await again()).ping();
      await watcher.expectNothingMore();
    }
  });

  it("of the latest CONNECT", async () => {
    const { watcher, client, topic, again } = await scene();
    await client.disconnect();
    const next = await again({ will: { topic, payload: "next", qos: 0, retain: false } });
    next.drop();
    await watcher.message({ topic, payload: "next" });
    await watcher.expectNothingMore();
  });
});

describe.concurrent("the Will is removed", () => {
  it.each(versions)("by DISCONNECT of version %i [MQTT-3.1.2-10] [3.1.1 MQTT-3.1.2-10]", async (version) => {
    const { watcher, client, again } = await scene({}, { version });
    await client.disconnect();
    await (await again()).ping();
    await watcher.expectNothingMore();
  });
});

describe.concurrent("the Will Message", () => {
  it.each(versions)("of a version %i client is for subscribers of every version", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    const others = await Promise.all(versions.map((other) => connect(target.url, { version: other })));
    for (const other of others) await other.subscribe(topic);
    client.drop();
    for (const each of [watcher, ...others]) await each.message({ topic, payload: "will" });
  });

  it.each(versions.flatMap((version) => ([0, 1, 2] as const).map((qos) => [version, qos] as const)))(
    "of version %i is delivered at its QoS %i [MQTT-3.1.2-12]",
    async (version, qos) => {
      const { watcher, client, topic } = await scene({ qos }, { version });
      client.drop();
      await watcher.message({ topic, payload: "will", qos });
      await watcher.expectNothingMore();
    },
  );

  it.each(versions)("of version %i is retained where Will Retain is 1 [MQTT-3.1.2-15]", async (version) => {
    const { watcher, client, topic } = await scene({ qos: 1, retain: true }, { version });
    client.drop();
    await watcher.message({ topic, payload: "will", retain: false });
    const later = await connect(target.url);
    await later.subscribe(topic, { qos: 1 });
    await later.message({ topic, payload: "will", qos: 1, retain: true });
  });

  it.each(versions)("of version %i is not retained where Will Retain is 0 [MQTT-3.1.2-14]", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    client.drop();
    await watcher.message({ topic, payload: "will", retain: false });
    const later = await connect(target.url);
    await later.subscribe(topic);
    await later.expectNothingMore();
  });

  it("may be empty, and then removes the retained message where Will Retain is 1", async () => {
    const { watcher, client, topic } = await scene({ payload: Buffer.alloc(0), retain: true });
    await (await connect(target.url)).publish(topic, "retained", { qos: 1, retain: true });
    await watcher.message({ topic, payload: "retained" });
    client.drop();
    await watcher.message({ topic, payload: "" });
    const later = await connect(target.url);
    await later.subscribe(topic);
    await later.expectNothingMore();
  });

  it("may be any bytes", async () => {
    const payload = Buffer.from([0x00, 0xff, 0xc0, 0x80, 0x00]);
    const { watcher, client, topic } = await scene({ payload });
    client.drop();
    expect((await watcher.message({ topic })).payload).toEqual(payload);
  });

  it("goes to its own client too, when that is connected again", async () => {
    const clientId = unique("own-will");
    const will = { topic: `${clientId}/gone`, payload: "will", qos: 1 as const, retain: false };
    const kept = { properties: { sessionExpiryInterval: 600 } };
    const client = await connect(target.url, { clientId, will, ...kept });
    await client.subscribe(will.topic, { qos: 1 });
    client.drop();
    const again = await connect(target.url, { clientId, clean: false, ...kept });
    await again.message({ topic: will.topic, payload: "will" });
  });

  it("carries its properties, and not the delay", async () => {
    const unaltered = {
      payloadFormatIndicator: true,
      contentType: "text/plain",
      responseTopic: "reply",
      correlationData: Buffer.from([1, 2, 3]),
    };
    const { watcher, client, topic } = await scene({
      properties: { ...unaltered, messageExpiryInterval: 100, willDelayInterval: 0 },
    });
    client.drop();
    const message = await watcher.message({ topic, payload: "will" });
    expect(message.properties).toMatchObject(unaltered);
    // It counts from the publication, so it is hardly less.
    expect(message.properties?.messageExpiryInterval).toBeGreaterThan(95);
    expect(message.properties?.messageExpiryInterval).toBeLessThanOrEqual(100);
    expect(message.properties).not.toHaveProperty("willDelayInterval");
  });

  it("keeps its User Properties in order, repeated ones too [MQTT-3.1.3-10]", async () => {
    const topic = unique("will/user-properties");
    const watcher = await connect(target.url);
    await watcher.subscribe(topic);
    const pairs = [userProperty("b", "1"), userProperty("a", "2"), userProperty("b", "1"), userProperty("", "")];
    const flags = connectFlags.cleanStart | connectFlags.will;
    const client = await Conversation.open(target.url);
    client.send(connectBytes({ flags, rest: [properties(...pairs), field(topic), field("will")] }));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    client.drop();
    const bytes = await watcher.receiveBytes();
    expect(bytes.includes(Buffer.concat([properties(...pairs), Buffer.from("will")]))).toBe(true);
  });

  it("is taken from its place in CONNECT, between the client identifier and the user name [MQTT-3.1.2-9]", async () => {
    const topic = unique("will/fields");
    const watcher = await connect(target.url);
    await watcher.subscribe(topic);
    const { cleanStart, will, userName, password } = connectFlags;
    const client = await Conversation.open(target.url);
    const rest = [hex("00"), field(topic), field("will"), field("user"), field("password")];
    client.send(connectBytes({ flags: cleanStart | will | userName | password, rest }));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    client.drop();
    await watcher.message({ topic, payload: "will" });
  });
});
