import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../../src/core/bytes.ts";
import { decodeMessageProperties, encodeMessageProperties } from "../../../src/core/packet/message-properties.ts";
import { readProperties } from "../../../src/core/packet/properties.ts";

const text = fc
  .string({ unit: "binary", maxLength: 20 })
  .filter((value) => value.isWellFormed() && !value.includes("\0"));
const topicName = text.filter((value) => value !== "" && !/[+#]/.test(value));
const properties = fc.record(
  {
    isPayloadText: fc.boolean(),
    contentType: text,
    responseTopic: topicName,
    correlationData: fc.uint8Array({ maxLength: 20 }),
    userProperties: fc.array(fc.tuple(text, text), { maxLength: 5 }),
  },
  { requiredKeys: ["userProperties"] },
);

describe("the properties of a message", () => {
  it("come back as they were, and are what a PUBLISH of a client would have brought", () => {
    fc.assert(
      fc.property(properties, (values) => {
        const bytes = encodeMessageProperties(values);
        expect(decodeMessageProperties(bytes)).toEqual(values);
        const writer = new ByteWriter();
        writer.bytes(bytes);
        expect(readProperties(new ByteReader(writer.finish()), "PUBLISH").forwarded).toEqual(bytes);
      }),
    );
  });
});
