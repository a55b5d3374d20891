// Packets that end too soon: every beginning of a valid packet, with the Remaining Length that it has. Each is either
// valid too, since a field may be left out, or refused: never waited for. MQTT 5.0 section 4.13.

import { describe, expect, it } from "vitest";
import { field, hex, properties, rawPacket, userProperty } from "../support/wire.ts";
import { type Answer, answersTo, type Packets, refusal } from "./answer.ts";
import { connectBytes, publishBytes, section, subscribeBytes, unsubscribeBytes, type Version } from "./packets.ts";
import { isGiven, useTarget } from "./target.ts";

const target = useTarget();

/** The first byte and the Remaining Length of a packet of up to 127 bytes. */
const fixedHeaderBytes = 2;

type Case = {
  readonly packet: Uint8Array;
  /** Lengths of the beginnings that are valid: after which byte of the body. */
  readonly valid?: readonly number[];
  /** And of those that can be read, and lack what must not be missing. */
  readonly incomplete?: readonly number[];
};

const topic = field("a/b");
const pair = userProperty("n", "v");

/** Each with all that it may have. */
const casesOf = (version: Version): Record<string, Case> => {
  const is5 = version === 5;
  const all = section(version, pair);
  return {
    "PUBLISH at QoS 0": {
      packet: publishBytes(version, { topic, properties: all, payload: Buffer.from("hi") }),
      // The payload may be empty.
      valid: is5 ? [13, 14] : [5, 6],
    },
    "PUBLISH at QoS 2": {
      packet: publishBytes(version, { flags: 0x04, topic, packetId: 7, properties: all, payload: Buffer.from("hi") }),
      valid: is5 ? [15, 16] : [7, 8],
    },
    SUBSCRIBE: {
      packet: subscribeBytes(version, { properties: all, payload: [topic, hex("00"), topic, hex("01")] }),
      valid: is5 ? [16] : [8],
      incomplete: is5 ? [10] : [2],
    },
    UNSUBSCRIBE: {
      packet: unsubscribeBytes(version, { properties: all, payload: [topic, topic] }),
      valid: is5 ? [15] : [7],
      incomplete: is5 ? [10] : [2],
    },
    ...Object.fromEntries(
      [0x40, 0x50, 0x62, 0x70].map((firstByte) => {
        const name = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"][(firstByte >> 4) - 4] ?? "";
        const rest = is5 ? [hex("00"), properties(hex("1f 0001 72"), pair)] : [];
        // The reason code and the properties may be left out.
        return [name, { packet: rawPacket(firstByte, hex("0007"), ...rest), valid: is5 ? [2, 3] : [] }];
      }),
    ),
    DISCONNECT: {
      packet: is5 ? rawPacket(0xe0, hex("00"), properties(hex("11 00000000"), hex("1f 0001 72"), pair)) : hex("e0 00"),
      valid: is5 ? [0, 1] : [],
    },
  };
};

/** Every beginning of a packet's body but the whole, by its length. */
function beginningsOf(packet: Uint8Array): Packets {
  const body = packet.subarray(fixedHeaderBytes);
  const lengths = Array.from(body, (_, length) => length);
  return Object.fromEntries(lengths.map((length) => [length, rawPacket(packet[0] ?? 0, body.subarray(0, length))]));
}

async function expectAnswers(
  version: Version,
  packet: Uint8Array,
  answerAt: (length: number) => Answer,
): Promise<void> {
  const answers = await answersTo(target.url, version, beginningsOf(packet));
  const expected = Object.fromEntries(Object.keys(answers).map((length) => [length, answerAt(Number(length))]));
  for (const [length, answer] of Object.entries(expected)) {
    // Which code, and whether there is one, is not what this is about: another broker may choose.
    const isRefused = answers[length] !== "accepted" && answers[length] !== "silence";
    if (isGiven && answer !== "accepted" && isRefused) answers[length] = answer;
  }
  expect(answers).toEqual(expected);
}

describe.each([3, 4, 5] as const)("in version %i", (version) => {
  it.each(Object.entries(casesOf(version)))(
    "%s cut after each byte is malformed or valid [MQTT-4.13.1-1]",
    async (name, { packet, valid = [], incomplete = [] }) => {
      await expectAnswers(version, packet, (length) => {
        if (valid.includes(length)) return name === "DISCONNECT" ? "closed" : "accepted";
        return refusal(version, incomplete.includes(length) ? 0x82 : 0x81);
      });
    },
  );

  it("CONNECT cut after each byte is malformed [MQTT-3.1.4-1]", async () => {
    const properties5 = section(version, hex("11 00000000"), pair);
    const will = [section(version, hex("18 00000000"), pair), topic, field("w")];
    const strings = [field("u"), field("p")];
    const parts = { flags: 0xc6, properties: properties5, clientId: field("cut"), payload: [...will, ...strings] };
    const packet = connectBytes(version, parts);
    const bodyBytes = packet.length - fixedHeaderBytes;
    // MQTT 3.1 section 3.1: where the packet ends before them, there is no user name or password.
    const valid = version === 3 ? [bodyBytes - 6, bodyBytes - 3] : [];
    const versionAt = 7;
    await expectAnswers(version, packet, (length) => {
      if (valid.includes(length)) return "accepted";
      return length < versionAt ? "closed" : refusal(version, 0x81);
    });
  });
});

describe("AUTH", () => {
  it("cut after each byte is refused", async () => {
    const packet = rawPacket(0xf0, hex("19"), properties(hex("15 0001 6d"), hex("16 0001 ff"), pair));
    const answers = Object.values(await answersTo(target.url, 5, beginningsOf(packet)));
    expect(answers).not.toContain("accepted");
    expect(answers).not.toContain("silence");
  });
});
