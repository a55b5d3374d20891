// How deliveries leave a topic object: to whom when members of a shared subscription are away, and what becomes of
// them when a session cannot be reached.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultLimits } from "../../src/core/limits.ts";
import type { QoS } from "../../src/core/message/message.ts";
import { Topic } from "../../src/core/topic/topic.ts";
import { DeliveryAnswer, decodeSessionDeliveries } from "../../src/core/topic/topic-request.ts";
import { Deliverer } from "../../src/objects/deliverer.ts";
import { OpenBatch } from "../../src/objects/open-batch.ts";
import { MemoryTopicStore } from "../support/memory-topic-store.ts";

type Received = { clientId: string; payload: string };

/** A topic object's inside, with sessions that answer as told. */
function scene() {
  const store = new MemoryTopicStore();
  const topic = new Topic(store, defaultLimits);
  const received: Received[] = [];
  /** By client identifier; `undefined` is out of reach. */
  const answers = new Map<string, number | undefined>();
  const onOwed = vi.fn();
  const sessionOf = (clientId: string) => ({
    async deliver(_lane: string, _sequence: number, batch: Uint8Array) {
      return decodeSessionDeliveries(batch).map(({ delivery, isRefusable }) => {
        const answer = answers.has(clientId) ? answers.get(clientId) : DeliveryAnswer.Accepted;
        if (answer === undefined) throw new Error("out of reach");
        if (answer === DeliveryAnswer.Away && !isRefusable) return record(clientId, delivery.message.payload);
        return answer === DeliveryAnswer.Accepted ? record(clientId, delivery.message.payload) : answer;
      });
    },
  });
  const record = (clientId: string, payload: Uint8Array) => {
    received.push({ clientId, payload: new TextDecoder().decode(payload) });
    return DeliveryAnswer.Accepted;
  };
  const deliverer = new Deliverer(topic, store, sessionOf, onOwed);
  const subscribe = (clientId: string, topicFilter: string) =>
    topic.subscribe(clientId, `life-of-${clientId}`, {
      topicFilter,
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: 0,
    });
  /** Resolves with the reason code when all that is owed has been taken. */
  const publish = async (payload: string, qos: QoS = 1) => {
    const bytes = new TextEncoder().encode(payload);
    const message = {
      id: "",
      topicName: "t",
      qos,
      retain: false,
      expiresAtMs: 0,
      properties: new Uint8Array(),
      payload: bytes,
    };
    const batch = new OpenBatch(1);
    const route = topic.publish("publisher", message);
    if (typeof route === "number") throw new Error("refused");
    batch.answers[0] = 0x10;
    for (const recipient of route.recipients) deliverer.deliver(recipient, { batch, index: 0 });
    for (const members of route.groups) deliverer.deliverToGroup(members, { batch, index: 0 });
    batch.settle();
    return (await batch.whenComplete)[0];
  };
  return { store, topic, received, answers, onOwed, deliverer, subscribe, publish };
}

describe("a session that cannot be reached", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("leaves what it is owed in the store, and only then is the publish answered", async () => {
    const { store, answers, subscribe, publish, onOwed } = scene();
    subscribe("lost", "t");
    answers.set("lost", undefined);
    let code: number | undefined;
    void publish("one").then((answer) => {
      code = answer;
    });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(code).toBeUndefined();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(code).toBe(0);
    expect(store.owedClientIds()).toEqual(["lost"]);
    expect(onOwed).toHaveBeenCalled();
  });

  it("gets it later, before what came after it [MQTT-4.6.0-5]", async () => {
    const { store, answers, received, subscribe, publish, deliverer } = scene();
    subscribe("lost", "t");
    answers.set("lost", undefined);
    const first = publish("one");
    await vi.advanceTimersByTimeAsync(13_000);
    expect(await first).toBe(0);
    expect(await publish("two")).toBe(0); // behind what is owed, at once
    answers.delete("lost");
    deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(100);
    expect(received.map(({ payload }) => payload)).toEqual(["one", "two"]);
    expect(store.owedClientIds()).toEqual([]);
    expect(deliverer.hasOwed).toBe(false);
    const third = publish("three");
    await vi.advanceTimersByTimeAsync(10);
    expect(await third).toBe(0);
    expect(received).toHaveLength(3);
  });

  it("loses QoS 0, which is counted and kept nowhere", async () => {
    const { store, answers, subscribe, publish, deliverer } = scene();
    subscribe("lost", "t");
    answers.set("lost", undefined);
    expect(await publish("one", 0)).toBe(0);
    await vi.advanceTimersByTimeAsync(13_000);
    expect(store.owedClientIds()).toEqual([]);
    expect(deliverer.droppedMessages).toBe(1);
  });
});

describe("a life of a session that is over", () => {
  it("is pruned, and counts as no subscriber", async () => {
    const { topic, answers, subscribe, publish } = scene();
    subscribe("gone", "t");
    subscribe("gone", "other");
    answers.set("gone", DeliveryAnswer.Stale);
    expect(await publish("one")).toBe(0x10);
    expect(topic.subscriptionCount).toBe(0);
  });
});

describe("a shared subscription", () => {
  it("passes over members whose client is away", async () => {
    const { answers, received, subscribe, publish } = scene();
    for (const clientId of ["a", "b", "c"]) subscribe(clientId, "$share/g/t");
    answers.set("a", DeliveryAnswer.Away);
    answers.set("b", DeliveryAnswer.Away);
    for (const payload of ["1", "2", "3"]) expect(await publish(payload)).toBe(0);
    expect(received.map(({ clientId }) => clientId)).toEqual(["c", "c", "c"]);
  });

  it("leaves the message with the first member when all are away", async () => {
    const { answers, received, subscribe, publish } = scene();
    for (const clientId of ["a", "b"]) {
      subscribe(clientId, "$share/g/t");
      answers.set(clientId, DeliveryAnswer.Away);
    }
    expect(await publish("1")).toBe(0);
    expect(await publish("2")).toBe(0);
    expect(received.map(({ clientId }) => clientId).sort()).toEqual(["a", "b"]);
  });

  it("passes over members whose session is over", async () => {
    const { topic, answers, received, subscribe, publish } = scene();
    for (const clientId of ["a", "b"]) subscribe(clientId, "$share/g/t");
    answers.set("a", DeliveryAnswer.Stale);
    for (const payload of ["1", "2", "3"]) expect(await publish(payload)).toBe(0);
    expect(received.map(({ clientId }) => clientId)).toEqual(["b", "b", "b"]);
    expect(topic.subscriptionCount).toBe(1);
  });
});
