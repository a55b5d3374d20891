// The form of PUBLISH: its flags, its topic name, and what must fit its properties. MQTT 5.0 sections 3.3.1 to 3.3.3.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { field, hex, properties, rawPacket } from "../support/wire.ts";
import { expectAnswer, refusal } from "./answer.ts";
import { publishBytes, versions, withSection } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("the flags of PUBLISH", () => {
  it.each(versions)("with QoS 3 are malformed in version %i [MQTT-3.3.1-4] [3.1.1 MQTT-3.3.1-4]", async (version) => {
    const packets = {
      alone: publishBytes(version, { flags: 0x06, packetId: 7 }),
      "with DUP": publishBytes(version, { flags: 0x0e, packetId: 7 }),
      "with RETAIN": publishBytes(version, { flags: 0x07, packetId: 7 }),
      "without Packet Identifier": publishBytes(version, { flags: 0x06 }),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });

  it.each([4, 5] as const)(
    "with DUP at QoS 0 are refused in version %i [MQTT-3.3.1-2] [3.1.1 MQTT-3.3.1-2]",
    async (version) => {
      const packets = {
        alone: publishBytes(version, { flags: 0x08 }),
        "with RETAIN": publishBytes(version, { flags: 0x09, payload: hex("") }),
      };
      await expectAnswer(target.url, version, packets, refusal(version, 0x81), refusal(version, 0x82));
    },
  );

  it.each(versions)("in each other combination are taken in version %i", async (version) => {
    const flags = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0a, 0x0b, 0x0c, 0x0d];
    const packets = flags.map((bits) => {
      const packetId = bits & 0x06 ? 7 : undefined;
      // Nothing stays retained: the payload is empty.
      const payload = hex("");
      const parts = packetId === undefined ? { flags: bits, payload } : { flags: bits, packetId, payload };
      return [`0x${bits.toString(16)}`, publishBytes(version, parts)];
    });
    await expectAnswer(target.url, version, Object.fromEntries(packets), "accepted");
  });
});

describe("the topic name of PUBLISH", () => {
  it.each(versions)(
    "with a wildcard is refused in version %i [MQTT-3.3.2-2] [MQTT-4.7.0-1] [3.1.1 MQTT-3.3.2-2] [B14]",
    async (version) => {
      const names = ["#", "+", "a/#", "a/+", "+/a", "a/+/b", "a#", "a+", "#/a", "$share/a/#"];
      for (const flags of [0x00, 0x02, 0x04]) {
        const parts = flags === 0 ? { flags } : { flags, packetId: 7 };
        const packets = names.map((name) => [name, publishBytes(version, { ...parts, topic: field(name) })]);
        // The standard names no code: its "Topic Name invalid", or one of the two general ones.
        const others = [refusal(version, 0x81), refusal(version, 0x82)];
        await expectAnswer(target.url, version, Object.fromEntries(packets), refusal(version, 0x90), ...others);
      }
    },
  );

  it("that is empty without a Topic Alias is a protocol error [MQTT-4.7.3-1]", async () => {
    const packets = {
      "QoS 0": publishBytes(5, { topic: field("") }),
      "QoS 1": publishBytes(5, { topic: field(""), flags: 0x02, packetId: 7 }),
    };
    await expectAnswer(target.url, 5, packets, "0x82");
  });

  it.each(versions)("is the first field, or the packet of version %i is malformed [MQTT-3.3.2-1]", async (version) => {
    const packets = {
      "no body": hex("30 00"),
      "half a length": hex("30 01 00"),
      "a length alone": hex("30 02 0003"),
      "a name cut short": hex("30 04 0003 6162"),
      "a name beyond the packet": hex("30 05 ffff 616263"),
      "at QoS 1, a name cut short": hex("32 04 0003 6162"),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });
});

describe("the properties of PUBLISH", () => {
  it("with a Response Topic that is no topic name are refused [MQTT-3.3.2-14]", async () => {
    const packet = (topic: string) => withSection.PUBLISH(properties(hex("08"), field(topic)));
    const packets = Object.fromEntries(["", "#", "+", "a/#", "a/+/b", "a#"].map((topic) => [topic, packet(topic)]));
    await expectAnswer(target.url, 5, packets, "0x82", "0x81", "0x90");
  });

  it("a payload that is not the UTF-8 it says to be is refused, where the broker looks", async () => {
    const packet = (payload: string) =>
      publishBytes(5, { properties: properties(hex("01 01")), payload: hex(payload) });
    const packets = {
      "0xFF": packet("61 ff"),
      overlong: packet("c0 80"),
      "a surrogate": packet("ed a0 80"),
      "cut short": packet("61 e2 82"),
    };
    await expectAnswer(target.url, 5, packets, "0x99");
  });

  it("a payload that is the UTF-8 it says to be, or says nothing, is taken", async () => {
    const packet = (format: string, payload: Uint8Array) =>
      publishBytes(5, { properties: properties(hex(format)), payload });
    const packets = {
      text: packet("01 01", Buffer.from("grüß dich 😀")),
      // A payload is no UTF-8 Encoded String, which could not have it.
      "U+0000": packet("01 01", hex("61 00 62")),
      empty: packet("01 01", hex("")),
      "bytes that say so": packet("01 00", hex("ff fe")),
      "bytes that say nothing": packet("", hex("ff fe")),
    };
    await expectAnswer(target.url, 5, packets, "accepted");
  });

  it.each([3, 4] as const)("in version %i are none, but payload", async (version) => {
    const topic = unique("bare");
    const client = await connect(target.url, { version });
    await client.subscribe(topic);
    const packet = rawPacket(0x30, field(topic), hex("02 01 01 ff"));
    client.send(packet);
    expect((await client.receiveBytes()).toString("hex")).toBe(packet.toString("hex"));
  });
});
