import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message/message.ts";
import {
  decodeSessionDeliveries,
  decodeSessionDelivery,
  decodeTopicRequests,
  encodeSessionDeliveries,
  encodeSessionDelivery,
  encodeTopicRequests,
  type SessionDelivery,
  sizeOfDelivery,
  sizeOfMessage,
  sizeOfRequest,
  type TopicRequest,
} from "../../../src/core/topic/topic-request.ts";

const message: Message = {
  id: "0kexample-g-1",
  topicName: "a/ä",
  qos: 2,
  retain: true,
  expiresAtMs: 1_800_000_000_000,
  properties: Uint8Array.of(1, 1),
  payload: Uint8Array.of(0, 255),
};
const plain: Message = { ...message, id: "", qos: 0, retain: false, expiresAtMs: 0, payload: new Uint8Array() };
const qosLevels = [0, 1, 2] as const;

describe("the batches between a session and a topic object", () => {
  it("hold topic requests of every kind, in order", () => {
    const generation = "generation1";
    const requests: TopicRequest[] = [
      { type: "publish", message },
      { type: "unsubscribe", generation, topicFilter: "$share/g/ä/#" },
      { type: "end", generation },
      { type: "redistribute", generation, topicFilter: "$share/g/ä/#", message, isOrphaned: true },
      { type: "redistribute", generation, topicFilter: "$share/g/a", message: plain, isOrphaned: false },
      { type: "publish", message: plain },
      { type: "publish again", message },
    ];
    expect(decodeTopicRequests(encodeTopicRequests(requests))).toEqual(requests);
    expect(decodeTopicRequests(encodeTopicRequests([]))).toEqual([]);
  });

  it("hold who asks, behind the requests, where an older version does not look", () => {
    const by = { holder: "credential/ä", hearsRefusals: true };
    const other = { holder: "anonymous/c", hearsRefusals: false };
    const subscription = { topicFilter: "a", qos: 1, noLocal: false, retainAsPublished: false } as const;
    const subscribe = {
      type: "subscribe",
      generation: "g",
      subscription: { ...subscription, subscriptionIdentifier: 0 },
      sendRetained: true,
    } as const;
    const requests: TopicRequest[] = [
      { type: "publish", message: plain },
      { type: "publish", message, by },
      { type: "end", generation: "g" },
      { ...subscribe, by },
      { type: "publish again", message, by: other },
      { type: "publish", message: plain },
      { type: "publish", message, by },
    ];
    const bytes = encodeTopicRequests(requests);
    expect(decodeTopicRequests(bytes)).toEqual(requests);
    const without = requests.map((request) => ({ ...request, by: undefined }) as TopicRequest);
    const old = encodeTopicRequests(without);
    expect(bytes.subarray(0, old.length)).toEqual(old);
    expect(decodeTopicRequests(old)).toEqual(without.map(({ by: _, ...request }: Record<string, unknown>) => request));
  });

  it("hold a subscription with each combination of its options", () => {
    const flags = [true, false];
    const requests: TopicRequest[] = qosLevels.flatMap((qos) =>
      flags.flatMap((noLocal) =>
        flags.flatMap((retainAsPublished) =>
          flags.map((sendRetained): TopicRequest => {
            const subscriptionIdentifier = noLocal ? 268_435_455 : 0;
            const subscription = { topicFilter: "a/+", qos, noLocal, retainAsPublished, subscriptionIdentifier };
            return { type: "subscribe", generation: "g", subscription, sendRetained };
          }),
        ),
      ),
    );
    expect(decodeTopicRequests(encodeTopicRequests(requests))).toEqual(requests);
  });

  it("hold deliveries, alone or several", () => {
    const kinds = ["plain", "refusable", "question", "owed"] as const;
    const deliveries = kinds.map((kind): SessionDelivery => {
      const delivery = {
        message: kind === "refusable" ? message : plain,
        qos: 1,
        retain: true,
        subscriptionIdentifiers: [1, 2],
        sharedFilter: kind === "refusable" ? "$share/g/a/+" : "",
      };
      return { generation: "generation1", kind, delivery: delivery as SessionDelivery["delivery"] };
    });
    expect(decodeSessionDeliveries(encodeSessionDeliveries(deliveries))).toEqual(deliveries);
    for (const each of deliveries) expect(decodeSessionDelivery(encodeSessionDelivery(each))).toEqual(each);
  });

  it("are refused when they hold what is not known", () => {
    expect(() => decodeTopicRequests(Uint8Array.of(1, 9))).toThrow("a kind that this version does not know");
    expect(() => decodeTopicRequests(Uint8Array.of(2, 3, 0))).toThrow();
  });
});

describe("the size of a message in queues and batches", () => {
  it("is no less than what it takes in a batch", () => {
    for (const each of [message, plain, { ...message, payload: new Uint8Array(5000) }]) {
      expect(encodeTopicRequests([{ type: "publish", message: each }]).length).toBeLessThanOrEqual(sizeOfMessage(each));
    }
    const topicFilter = `$share/g/${"x".repeat(1000)}`;
    const request: TopicRequest = { type: "redistribute", generation: "g", topicFilter, message, isOrphaned: true };
    expect(encodeTopicRequests([request]).length).toBeLessThanOrEqual(sizeOfRequest(request));
    const delivery = { message, qos: 1, retain: true, subscriptionIdentifiers: [], sharedFilter: topicFilter } as const;
    const bytes = encodeSessionDelivery({ generation: "g", kind: "refusable", delivery });
    expect(bytes.length).toBeLessThanOrEqual(sizeOfDelivery(delivery));
  });
});

describe("what comes from an object whose clock says something else", () => {
  it.each([-5_000, 5_000])("expires by the clock here, which is %i ms ahead", (skewMs) => {
    const shifted = { ...message, expiresAtMs: message.expiresAtMs + skewMs };
    const publish: TopicRequest = { type: "publish", message };
    const redistribute: TopicRequest = {
      type: "redistribute",
      generation: "g",
      topicFilter: "$share/g/a",
      message,
      isOrphaned: true,
    };
    const requests = encodeTopicRequests([publish, redistribute, { type: "publish", message: plain }]);
    expect(decodeTopicRequests(requests, skewMs)).toEqual([
      { ...publish, message: shifted },
      { ...redistribute, message: shifted },
      { type: "publish", message: plain },
    ]);
    const item: SessionDelivery = {
      generation: "g",
      kind: "plain",
      delivery: { message, qos: 2, retain: false, subscriptionIdentifiers: [], sharedFilter: "" },
    };
    const expected = { ...item, delivery: { ...item.delivery, message: shifted } };
    expect(decodeSessionDeliveries(encodeSessionDeliveries([item]), skewMs)).toEqual([expected]);
  });
});
