// The properties that a broker hands on as they are, byte by byte. MQTT 5.0 sections 3.3.2.3.2 and 3.3.2.3.5 to
// 3.3.2.3.9.

import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { field, properties, rawPacket, twoBytes, userProperty } from "../support/wire.ts";
import { connectAll, publishBytesOf } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

const payloadFormatIndicator = (value: 0 | 1) => Buffer.from([0x01, value]);
const contentType = (value: string) => Buffer.concat([Buffer.from([0x03]), field(value)]);
const responseTopic = (value: string) => Buffer.concat([Buffer.from([0x08]), field(value)]);
const correlationData = (value: Uint8Array) => Buffer.concat([Buffer.from([0x09]), field(value)]);
const isUserProperty = ([identifier]: Buffer) => identifier === 0x26;

/** PUBLISH with these properties, up to its acknowledgement. */
async function publishWith(
  publisher: Connected,
  topic: string,
  sent: readonly Buffer[],
  { qos = 1, retain = false }: { qos?: 0 | 1; retain?: boolean } = {},
): Promise<void> {
  const messageId = publisher.nextPacketId();
  const identifier = qos === 0 ? Buffer.alloc(0) : twoBytes(messageId);
  const firstByte = 0x30 | (qos << 1) | (retain ? 1 : 0);
  publisher.send(rawPacket(firstByte, field(topic), identifier, properties(...sent), Buffer.from("x")));
  if (qos === 1) await publisher.receive({ cmd: "puback", messageId });
}

/** The next packet is a PUBLISH with these properties and no others, User Properties in this order. */
async function expectProperties(subscriber: Connected, expected: readonly Buffer[]): Promise<void> {
  const received = publishBytesOf(await subscriber.receiveBytes()).properties;
  expect(hexOf(received.filter(isUserProperty))).toEqual(hexOf(expected.filter(isUserProperty)));
  expect(hexOf(received).toSorted()).toEqual(hexOf(expected).toSorted());
}

function hexOf(parts: readonly Buffer[]): string[] {
  return parts.map((part) => part.toString("hex"));
}

const anyBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => 255 - index));
const repeated = [userProperty("b", "1"), userProperty("a", "2"), userProperty("b", "1"), userProperty("a", "1")];
const many = Array.from({ length: 100 }, (_, index) => userProperty(`${(index * 37) % 100}`, `${index}`));
const cases: [name: string, rules: string, sent: Buffer[]][] = [
  ["Payload Format Indicator 1", "[MQTT-3.3.2-4]", [payloadFormatIndicator(1)]],
  ["Payload Format Indicator 0, which is said", "[MQTT-3.3.2-4]", [payloadFormatIndicator(0)]],
  ["Content Type", "[MQTT-3.3.2-20]", [contentType("text/plain; charset=utf-8")]],
  ["Content Type with other characters than ASCII", "[MQTT-3.3.2-20]", [contentType("\u{feff}Größe/型/🌊")]],
  ["Content Type, empty", "[MQTT-3.3.2-20]", [contentType("")]],
  ["Response Topic", "[MQTT-3.3.2-15]", [responseTopic("/reply//to/ ünï/🌊/")]],
  ["Correlation Data of every byte", "[MQTT-3.3.2-16]", [correlationData(anyBytes)]],
  ["Correlation Data, empty", "[MQTT-3.3.2-16]", [correlationData(Buffer.alloc(0))]],
  ["Correlation Data of 65,535 bytes", "[MQTT-3.3.2-16]", [correlationData(Buffer.alloc(65_535, anyBytes))]],
  ["User Properties, repeated ones too", "[MQTT-3.3.2-17] [MQTT-3.3.2-18]", repeated],
  ["a hundred User Properties", "[MQTT-3.3.2-17] [MQTT-3.3.2-18]", many],
  [
    "User Properties of empty names and values, and of other characters than ASCII",
    "[MQTT-3.3.2-17] [MQTT-3.3.2-18]",
    [userProperty("", ""), userProperty("é", "e\u0301"), userProperty("\u{feff}", "🌊"), userProperty("", "x")],
  ],
  [
    "all of them together, between User Properties",
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]",
    [
      userProperty("z", "first"),
      correlationData(anyBytes),
      userProperty("a", "second"),
      contentType("x"),
      responseTopic("r"),
      userProperty("m", "third"),
      payloadFormatIndicator(1),
    ],
  ],
];

describe("sent on unaltered", () => {
  it.each(cases)("%s %s", async (_name, _rules, sent) => {
    const topic = unique("properties/live");
    const [publisher, one, other] = await connectAll(target.url, {}, {}, {});
    await one.subscribe(topic, { qos: 0 });
    await other.subscribe(`${topic}/#`, { qos: 1 });
    for (const qos of [0, 1] as const) {
      await publishWith(publisher, topic, sent, { qos });
      await expectProperties(one, sent);
      await expectProperties(other, sent);
    }
  });

  const together = cases.at(-1)?.[2] ?? [];

  it("are all of them when the message was retained, or has waited for its session", async () => {
    const topic = unique("properties/kept");
    const [publisher, away, later] = await connectAll(target.url, {}, durable(), {});
    await away.subscribe(topic, { qos: 1 });
    await away.disconnect();
    await publishWith(publisher, topic, together, { retain: true });
    await later.subscribe(topic);
    await expectProperties(later, together);
    const back = await connect(target.url, { ...durable(), clientId: away.clientId });
    await expectProperties(back, together);
  });

  it("are all of them when the message is sent again after a reconnect", async () => {
    const topic = unique("properties/again");
    const [publisher, before] = await connectAll(target.url, {}, durable());
    await before.subscribe(topic, { qos: 1 });
    await publishWith(publisher, topic, together);
    await expectProperties(before, together);
    await before.disconnect();
    const after = await connect(target.url, { ...durable(), clientId: before.clientId });
    await expectProperties(after, together);
  });
});

describe("between versions", () => {
  it.each([3, 4] as const)("a subscriber of version %i gets the message without properties [B29]", async (version) => {
    const topic = unique("properties/vanish");
    const [publisher, subscriber] = await connectAll(target.url, {}, { version });
    await subscriber.subscribe(topic);
    await publisher.publish(topic, "bare", {
      properties: { contentType: "text/plain", messageExpiryInterval: 60, userProperties: { a: ["b", "c"] } },
    });
    expect(await subscriber.receiveBytes()).toEqual(rawPacket(0x30, field(topic), Buffer.from("bare")));
  });

  it.each([3, 4] as const)("a message of a publisher of version %i has none [MQTT-2.2.2-1] [B29]", async (version) => {
    const topic = unique("properties/none");
    const [publisher, subscriber] = await connectAll(target.url, { version }, {});
    await subscriber.subscribe(topic);
    // Its payload begins as properties would.
    const payload = Buffer.concat([properties(userProperty("not", "mine")), Buffer.from("bare")]);
    await publisher.publish(topic, payload);
    expect(await subscriber.receiveBytes()).toEqual(rawPacket(0x30, field(topic), properties(), payload));
  });
});

describe("Payload Format Indicator 1", () => {
  // A receiver may look at the payload, or not. Section 3.3.2.3.2.
  it("with a payload that is not UTF-8 is refused with 0x99, or sent on unaltered [MQTT-3.3.2-4]", async () => {
    const topic = unique("properties/format");
    const payload = Buffer.from([0xc3, 0x28]);
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await subscriber.subscribe(topic);
    publisher.sendPublish(topic, payload, { qos: 1, properties: { payloadFormatIndicator: true } });
    const answer = await publisher.receiveAny();
    const reasonCode = answer.cmd === "puback" || answer.cmd === "disconnect" ? (answer.reasonCode ?? 0) : undefined;
    const received = await subscriber.rest();
    if (reasonCode === 0) expect(received).toMatchObject([{ topic, payload }]);
    else expect([reasonCode, received]).toEqual([0x99, []]);
  });
});
