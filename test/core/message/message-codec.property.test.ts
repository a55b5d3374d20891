import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeDelivery,
  decodeRetained,
  encodeDelivery,
  encodeRetained,
} from "../../../src/core/message/message-codec.ts";
import {
  decodeSessionDeliveries,
  decodeTopicRequests,
  encodeSessionDeliveries,
  encodeTopicRequests,
  type TopicRequest,
} from "../../../src/core/topic/topic-request.ts";
import { delivery, message, qos, text } from "../../support/arbitraries.ts";

const generation = text;
const subscription = fc.record({
  topicFilter: text,
  qos,
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  subscriptionIdentifier: fc.integer({ min: 0, max: 0x0fff_ffff }),
});
const request: fc.Arbitrary<TopicRequest> = fc.oneof(
  fc.record({ type: fc.constant("publish" as const), message }),
  fc.record({ type: fc.constant("subscribe" as const), generation, subscription, sendRetained: fc.boolean() }),
  fc.record({ type: fc.constant("unsubscribe" as const), generation, topicFilter: text }),
  fc.record({ type: fc.constant("end" as const), generation }),
  fc.record({
    type: fc.constant("redistribute" as const),
    generation,
    topicFilter: text,
    message,
    isOrphaned: fc.boolean(),
  }),
);

function expectToComeBack<Value>(
  values: fc.Arbitrary<Value>,
  encode: (value: Value) => Uint8Array,
  decode: (bytes: Uint8Array) => Value,
): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(decode(encode(value))).toEqual(value);
    }),
    { numRuns: 300 },
  );
}

describe("what is stored, or goes from object to object, comes back as it was", () => {
  it("a message", () => {
    const retained = message.map((one) => ({ message: one, publisherId: "c1" }));
    expectToComeBack(retained, (one) => encodeRetained(one.message, one.publisherId), decodeRetained);
  });

  it("a delivery", () => {
    expectToComeBack(delivery, encodeDelivery, decodeDelivery);
  });

  it("a batch for a topic object", () => {
    expectToComeBack(fc.array(request), encodeTopicRequests, decodeTopicRequests);
  });

  it("a batch for a session", () => {
    const item = fc.record({ generation, kind: fc.constantFrom("plain", "refusable", "question", "owed"), delivery });
    expectToComeBack(fc.array(item), encodeSessionDeliveries, decodeSessionDeliveries);
  });
});
