// The MQTT 5 properties of messages in the dashboard: as they come, as they are typed, and what is said of them.

import { describe, expect, it } from "vitest";
import {
  faultOfProperties,
  packetProperties,
  propertiesOf,
  propertyLines,
} from "../../dashboard/src/live/properties.ts";
import { emptyFields, filledFields, propertiesOfFields } from "../../dashboard/src/live/property-fields.ts";

const received = {
  contentType: "text/plain",
  responseTopic: "answers/1",
  correlationData: Buffer.from("request-1"),
  messageExpiryInterval: 90_000,
  payloadFormatIndicator: true,
  userProperties: Object.assign(Object.create(null), { source: "webhook", __proto__: "x", twice: ["1", "2"] }),
  subscriptionIdentifier: [1, 7],
};

describe("the properties of a message", () => {
  it("are listed by the standard's names, with the filters that their subscription identifiers stand for", () => {
    const properties = propertiesOf(received);
    if (properties === undefined) throw new Error("there are properties");
    const lines = propertyLines(properties, 0, (identifier) => (identifier === 7 ? "home/#" : undefined));
    expect(lines.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "Content type: text/plain",
      "Response topic: answers/1",
      "Correlation data: request-1",
      "Message expiry: 90000 s after it was received",
      "Payload format: 1: UTF-8 text",
      "User property source: webhook",
      "User property twice: 1",
      "User property twice: 2",
      "Subscription identifier: 1",
      "Subscription identifier: 7: home/#",
    ]);
    expect(propertiesOf(undefined)).toBeUndefined();
  });

  it("have correlation data that is no text in hexadecimal", () => {
    const properties = propertiesOf({ correlationData: Buffer.of(1, 255) });
    expect(properties && propertyLines(properties, 0, () => undefined)).toEqual([
      { name: "Correlation data", value: "0x 01 ff" },
    ]);
  });

  it("are kept up to a limit, and what is left out is counted", () => {
    const properties = propertiesOf({ contentType: "a", userProperties: { long: "x".repeat(10_000), short: "y" } });
    expect(properties).toMatchObject({ contentType: "a", userProperties: [["short", "y"]], leftOut: 1, bytes: 14 });
    expect(properties && propertyLines(properties, 0, () => undefined).at(-1)).toEqual({
      name: "Left out",
      value: "1: this page keeps 16 KiB of properties",
    });
  });
});

describe("the fields for properties", () => {
  const typed = {
    ...emptyFields,
    contentType: "application/json",
    correlationData: "01 A2:ff",
    isCorrelationHex: true,
    expirySec: "60",
    isPayloadText: true,
    userProperties: [
      { name: "", value: "" },
      { name: "a", value: "1" },
      { name: "a", value: "" },
    ],
  };

  it("become the properties of a packet, without those that are empty", () => {
    expect(propertiesOfFields(emptyFields)).toBeUndefined();
    expect(filledFields(typed)).toBe(6);
    const properties = propertiesOfFields(typed);
    expect(properties && packetProperties(properties)).toEqual({
      contentType: "application/json",
      correlationData: Uint8Array.of(1, 0xa2, 0xff),
      messageExpiryInterval: 60,
      payloadFormatIndicator: true,
      userProperties: { a: ["1", ""] },
    });
  });

  const notWhole = "The message expiry is a whole number of seconds, up to 4294967295.";
  it.each([
    [notWhole, { expirySec: "1.5" }],
    [notWhole, { expirySec: "4294967296" }],
    [notWhole, { expirySec: "soon" }],
    ["A response topic has no + or #.", { responseTopic: "a/#" }],
    ["The content type has 65,536 bytes: MQTT takes at most 65,535.", { contentType: "x".repeat(65_536) }],
    ["The correlation data has 65,536 bytes: MQTT takes at most 65,535.", { correlationData: "x".repeat(65_536) }],
    [
      "The value of a user property has a character that MQTT does not take.",
      { userProperties: [{ name: "a", value: "\0" }] },
    ],
  ])("say what is wrong before anything is sent: %s", (fault, wrong) => {
    const properties = propertiesOfFields({ ...emptyFields, ...wrong });
    expect(properties && faultOfProperties(properties)).toBe(fault);
  });

  it("take correlation data in hex only as pairs of digits", () => {
    for (const correlationData of ["1", "0g", "01 2"])
      expect(() => propertiesOfFields({ ...emptyFields, correlationData, isCorrelationHex: true })).toThrow(
        "two digits for each byte",
      );
  });
});
