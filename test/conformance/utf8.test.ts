// UTF-8 Encoded Strings, wherever a client may send one. MQTT 5.0 sections 1.5.4 and 1.5.7.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { field, hex, properties, rawPacket } from "../support/wire.ts";
import { expectAnswer, refusal } from "./answer.ts";
import {
  connectBytes,
  owners,
  publishBytes,
  section,
  subscribeBytes,
  unsubscribeBytes,
  type Version,
  versions,
  willBytes,
  withSection,
} from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** What no string may be, each with "a" before and "b" behind it. */
const illFormed: Readonly<Record<string, string>> = {
  "U+0000": "00",
  "U+0000 in two bytes": "c0 80",
  "a letter in two bytes": "c1 a1",
  "a slash in three bytes": "e0 80 af",
  "a slash in four bytes": "f0 80 80 af",
  "the first surrogate": "ed a0 80",
  "the last surrogate": "ed bf bf",
  "a pair of surrogates": "ed a0 bd ed b8 80",
  "beyond U+10FFFF": "f4 90 80 80",
  "five bytes": "f8 88 80 80 80",
  "a continuation alone": "80",
  "a character cut short": "e2 82",
  "0xFE": "fe",
  "0xFF": "ff",
};

/** A string with each of them, in the packet that `packetOf` makes of it. */
function packetsWith(packetOf: (text: Uint8Array) => Uint8Array): Record<string, Uint8Array> {
  const texts = Object.entries(illFormed).map(([name, digits]) => [name, field(hex(`61 ${digits} 62`))] as const);
  return Object.fromEntries(texts.map(([name, text]) => [name, packetOf(text)]));
}

type PacketOf = (version: Version, text: Uint8Array) => Uint8Array;

const strings: readonly [name: string, rules: string, PacketOf][] = [
  ["Client Identifier", "[MQTT-3.1.3-4]", (version, text) => connectBytes(version, { clientId: text })],
  ["Will Topic", "[MQTT-3.1.3-11]", (version, text) => willBytes(version, { topic: text })],
  ["User Name", "[MQTT-3.1.3-12]", (version, text) => connectBytes(version, { flags: 0x82, payload: [text] })],
  ["Topic Name", "[MQTT-3.3.2-1] [MQTT-4.7.3-2]", (version, text) => publishBytes(version, { topic: text })],
  [
    "Topic Filter to subscribe to",
    "[MQTT-3.8.3-1] [MQTT-4.7.3-2]",
    (version, text) => subscribeBytes(version, { payload: [text, hex("00")] }),
  ],
  [
    "Topic Filter to unsubscribe from",
    "[MQTT-3.10.3-1] [MQTT-4.7.3-2]",
    (version, text) => unsubscribeBytes(version, { payload: [text] }),
  ],
];

describe("ill-formed UTF-8, and U+0000,", () => {
  const rules = "[MQTT-1.5.4-1] [MQTT-1.5.4-2] [3.1.1 MQTT-1.5.3-1] [3.1.1 MQTT-1.5.3-2]";
  for (const [name, rule, packetOf] of strings) {
    it.each(versions)(`in a ${name} is malformed in version %i ${rules} ${rule}`, async (version) => {
      const packets = packetsWith((text) => packetOf(version, text));
      await expectAnswer(target.url, version, packets, refusal(version, 0x81));
    });
  }

  it("in the Protocol Name is refused", async () => {
    for (const version of versions) {
      const packets = packetsWith((text) => connectBytes(version, { name: text }));
      await expectAnswer(target.url, version, packets, refusal(version, 0x81), "0x84");
    }
  });

  it.each([
    ["Content Type in PUBLISH", "[MQTT-3.3.2-19]", "PUBLISH", "03"],
    ["Response Topic in PUBLISH", "[MQTT-3.3.2-13]", "PUBLISH", "08"],
    ["Content Type in a Will", "[MQTT-3.3.2-19]", "a Will", "03"],
    ["Response Topic in a Will", "[MQTT-3.3.2-13]", "a Will", "08"],
    ["Authentication Method in CONNECT", "", "CONNECT", "15"],
    ["Reason String in PUBACK", "", "PUBACK", "1f"],
    ["Reason String in PUBREC", "", "PUBREC", "1f"],
    ["Reason String in PUBREL", "", "PUBREL", "1f"],
    ["Reason String in PUBCOMP", "", "PUBCOMP", "1f"],
    ["Reason String in DISCONNECT", "", "DISCONNECT", "1f"],
  ] as const)("as %s is malformed [MQTT-1.5.4-1] [MQTT-1.5.4-2] %s", async (_, __, owner, identifier) => {
    const packets = packetsWith((text) => withSection[owner](properties(hex(identifier), text)));
    await expectAnswer(target.url, 5, packets, "0x81");
  });

  it.each(owners)("as name or value of a User Property in %s is malformed [MQTT-1.5.7-1]", async (owner) => {
    const bad = { overlong: field(hex("c0 80")), surrogate: field(hex("ed a0 80")), "U+0000": field(hex("00")) };
    const pairs = Object.entries(bad).flatMap(([name, text]) => [
      [`${name} as name`, properties(hex("26"), text, field("value"))] as const,
      [`${name} as value`, properties(hex("26"), field("name"), text)] as const,
    ]);
    const packets = pairs.map(([name, bytes]) => [name, withSection[owner](bytes)]);
    await expectAnswer(target.url, 5, Object.fromEntries(packets), "0x81");
  });

  it("is fine in a password and a payload, which are no strings", async () => {
    const bytes = hex("00 ff c0 80 ed a0 80");
    for (const version of versions) {
      const packets = {
        password: connectBytes(version, { flags: 0xc2, payload: [field("user"), field(bytes)] }),
        payload: publishBytes(version, { payload: bytes }),
        "Will Payload": willBytes(version, { payload: field(bytes) }),
      };
      await expectAnswer(target.url, version, packets, "accepted");
    }
  });
});

describe("well-formed UTF-8", () => {
  const texts = {
    "two bytes": "ünï",
    "three bytes": "码/€",
    "four bytes": "😀/𠜎",
    "around the surrogates": "\ud7ff\ue000\u{10000}",
    combined: "e\u0301",
    "blanks and punctuation": " ~!@$%^&*()|\\:;\"'<>,.?`[]{}=",
  };

  it.each(versions)("of any length is carried unaltered in version %i [MQTT-1.5.4-1]", async (version) => {
    const client = await connect(target.url, { version });
    for (const [name, text] of Object.entries(texts)) {
      const topic = `${unique("utf8")}/${text}`;
      await client.subscribe(topic);
      client.sendPublish(topic, name);
      const expected = rawPacket(0x30, field(topic), section(version), Buffer.from(name));
      expect((await client.receiveBytes()).toString("hex")).toBe(expected.toString("hex"));
    }
  });
});

describe("U+FEFF", () => {
  const mark = "\ufeff";

  it.each(versions)("at the beginning of a topic is part of it in version %i [MQTT-1.5.4-3]", async (version) => {
    const name = unique("bom");
    const [marked, plain] = [await connect(target.url, { version }), await connect(target.url, { version })];
    await marked.subscribe(mark + name);
    await plain.subscribe(name);
    const publisher = await connect(target.url, { version });
    await publisher.publish(mark + name, "marked", { qos: 1 });
    await publisher.publish(name, "plain", { qos: 1 });
    const expected = rawPacket(0x30, field(mark + name), section(version), Buffer.from("marked"));
    expect((await marked.receiveBytes()).toString("hex")).toBe(expected.toString("hex"));
    await marked.expectNothingMore();
    await plain.message({ topic: name, payload: "plain" });
    await plain.expectNothingMore();
  });

  it("within a topic and in properties is kept [MQTT-1.5.4-3]", async () => {
    const topic = `${unique("bom")}/${mark}/x${mark}`;
    const client = await connect(target.url);
    await client.subscribe(topic);
    const texts = properties(hex("03"), field(`${mark}text`), hex("08"), field(`${mark}reply`));
    const pair = properties(hex("26"), field(`${mark}name`), field(`${mark}value`));
    for (const bytes of [texts, pair]) {
      client.send(rawPacket(0x30, field(topic), bytes));
      const received = (await client.receiveBytes()).toString("hex");
      expect(received).toContain(field(topic).toString("hex"));
      for (const text of ["text", "reply", "name", "value"]) {
        const isThere = received.includes(Buffer.from(text).toString("hex"));
        expect(received.includes(Buffer.from(mark + text).toString("hex"))).toBe(isThere);
      }
    }
  });

  it("makes another Client Identifier of one [MQTT-1.5.4-3]", async () => {
    const clientId = unique("bom");
    const plain = await connect(target.url, { clientId });
    const marked = await connect(target.url, { clientId: mark + clientId });
    await plain.expectNothingMore();
    await marked.expectNothingMore();
  });
});
