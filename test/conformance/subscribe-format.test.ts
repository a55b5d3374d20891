// The form of SUBSCRIBE and UNSUBSCRIBE; what is no topic filter is in topic-filter.test.ts. MQTT 5.0 sections 3.8.3 and
// 3.10.3.

import { describe, it } from "vitest";
import { field, hex } from "../support/wire.ts";
import { expectAnswer, refusal } from "./answer.ts";
import { subscribeBytes, unsubscribeBytes, type Version, versions } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const filter = field("raw/filter");

/** SUBSCRIBE with these subscription options, first and alone or behind a good one. */
function withOptions(version: Version, options: readonly number[]): Record<string, Uint8Array> {
  const packets = options.flatMap((byte) => [
    [`0x${byte.toString(16)}`, subscribeBytes(version, { payload: [filter, Buffer.from([byte])] })],
    [
      `0x${byte.toString(16)}, second`,
      subscribeBytes(version, { payload: [filter, hex("01"), filter, Buffer.from([byte])] }),
    ],
  ]);
  return Object.fromEntries(packets);
}

describe("Subscription Options", () => {
  it("with a reserved bit are malformed [MQTT-3.8.3-5]", async () => {
    await expectAnswer(target.url, 5, withOptions(5, [0x40, 0x80, 0xc0, 0x41, 0x82, 0xed]), "0x81");
  });

  it("with QoS 3 are a protocol error", async () => {
    await expectAnswer(target.url, 5, withOptions(5, [0x03, 0x07, 0x0b, 0x23]), "0x82");
  });

  it("with Retain Handling 3 are a protocol error", async () => {
    await expectAnswer(target.url, 5, withOptions(5, [0x30, 0x31, 0x3e]), "0x82");
  });

  it("in each other combination are taken", async () => {
    const all = Array.from({ length: 0x30 }, (_, byte) => byte).filter((byte) => (byte & 0x03) !== 3);
    await expectAnswer(target.url, 5, withOptions(5, all), "accepted");
  });

  it.each([3, 4] as const)(
    "other than QoS 0, 1 and 2 close the connection in version %i [3.1.1 MQTT-3-8.3-4]",
    async (version) => {
      // MQTT 3.1 does not use the other bits.
      const bits = [0x03, 0x07, 0xff, ...(version === 3 ? [] : [0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x05])];
      await expectAnswer(target.url, version, withOptions(version, bits), "closed");
      await expectAnswer(target.url, version, withOptions(version, [0, 1, 2]), "accepted");
    },
  );
});

describe("Requested QoS of MQTT 3.1", () => {
  it("may have any of the six bits that are not used there [B96]", async () => {
    await expectAnswer(target.url, 3, withOptions(3, [0x04, 0x08, 0x31, 0x42, 0x80, 0xfe]), "accepted");
  });
});

describe("no topic filter", () => {
  it.each([4, 5] as const)(
    "in SUBSCRIBE is a protocol error in version %i [MQTT-3.8.3-2] [3.1.1 MQTT-3.8.3-3]",
    async (version) => {
      const packet = subscribeBytes(version, { payload: [] });
      await expectAnswer(target.url, version, { none: packet }, refusal(version, 0x82));
    },
  );

  it.each([4, 5] as const)(
    "in UNSUBSCRIBE is a protocol error in version %i [MQTT-3.10.3-2] [3.1.1 MQTT-3.10.3-2]",
    async (version) => {
      const packet = unsubscribeBytes(version, { payload: [] });
      await expectAnswer(target.url, version, { none: packet }, refusal(version, 0x82));
    },
  );
});

describe("a payload that does not end where a filter does", () => {
  it.each(versions)("is malformed in version %i [MQTT-3.8.3-2]", async (version) => {
    const packets = {
      "SUBSCRIBE, no options": subscribeBytes(version, { payload: [filter] }),
      "SUBSCRIBE, no options of the second": subscribeBytes(version, { payload: [filter, hex("00"), filter] }),
      "SUBSCRIBE, a filter beyond the packet": subscribeBytes(version, { payload: [hex("0009 61")] }),
      "SUBSCRIBE, half a length": subscribeBytes(version, { payload: [filter, hex("00 00")] }),
      "UNSUBSCRIBE, half a length": unsubscribeBytes(version, { payload: [filter, hex("00")] }),
      "UNSUBSCRIBE, a filter beyond the packet": unsubscribeBytes(version, { payload: [filter, hex("0009 61")] }),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });
});

describe("an empty topic filter", () => {
  it.each(versions)("in UNSUBSCRIBE is malformed in version %i [MQTT-4.7.3-1] [B15]", async (version) => {
    const packet = unsubscribeBytes(version, { payload: [filter, field("")] });
    const others = [refusal(version, 0x8f), refusal(version, 0x82)];
    await expectAnswer(target.url, version, { empty: packet }, refusal(version, 0x81), ...others);
  });
});
