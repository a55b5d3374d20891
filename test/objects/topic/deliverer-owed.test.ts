// What becomes of deliveries to a session that cannot be reached.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryAnswer } from "../../../src/core/topic/delivery-question.ts";
import { DelivererScene } from "./deliverer-scene.ts";

const { QueueFull, Refused } = DeliveryAnswer;

/** By then a lane has given up. */
const givenUpMs = 13_000;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a session that cannot be reached", () => {
  it("leaves what it is owed in the store, and only then is the publish answered [B47]", async () => {
    const scene = lost();
    const outcome = scene.published("one");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(outcome.code).toBeUndefined();
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(outcome.code).toBe(0);
    expect(scene.store.owedClientIds()).toEqual(["lost"]);
    expect(scene.onOwed).toHaveBeenCalled();
  });

  it("gets it later, before what came after it [MQTT-4.6.0-5] [B47]", async () => {
    const scene = lost();
    const first = scene.published("one");
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(first.code).toBe(0);
    expect(await scene.publish("two")).toBe(0); // behind what is owed, at once
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(["one", "two"]);
    expect(scene.store.owedClientIds()).toEqual([]);
    expect(scene.owed.isEmpty).toBe(true);
    const third = scene.published("three");
    await vi.advanceTimersByTimeAsync(10);
    expect(third.code).toBe(0);
    expect(scene.received).toHaveLength(3);
  });

  it("gets more than a page of it in order", async () => {
    const scene = lost();
    const payloads = Array.from({ length: 40 }, (_, index) => String(index));
    for (const payload of payloads) scene.published(payload);
    await vi.advanceTimersByTimeAsync(givenUpMs);
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(payloads);
    expect(scene.store.owedCount()).toBe(0);
  });

  it("gets it in order though the lane takes only part of a page", async () => {
    const scene = lost();
    scene.published("first");
    await vi.advanceTimersByTimeAsync(givenUpMs);
    // Nine of these fill a lane; what is small would still fit.
    const large = Array.from({ length: 10 }, (_, index) => String(index).padEnd(1_800_000, "."));
    for (const payload of [...large, "last"]) expect(await scene.publish(payload)).toBe(0);
    await back(scene);
    const order = scene.payloadsOf("lost").map((payload) => payload.slice(0, 5));
    expect(order).toEqual(["first", ...large.map((payload) => payload.slice(0, 5)), "last"]);
    expect(scene.store.owedCount()).toBe(0);
  });

  it("gets what did not fit on its lane after what the lane gave up on later [MQTT-4.6.0-5]", async () => {
    const scene = lost();
    // More than fills the lane: the last of them are owed before the first.
    const large = Array.from({ length: 12 }, (_, index) => String(index).padEnd(1_800_000, "."));
    for (const payload of large) scene.published(payload);
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(scene.store.owedCount()).toBe(12);
    await back(scene);
    expect(scene.payloadsOf("lost").map(Number.parseFloat)).toEqual(large.map(Number.parseFloat));
  });

  it("keeps it while it stays out of reach, and nothing is there twice", async () => {
    const scene = lost();
    scene.published("one");
    await vi.advanceTimersByTimeAsync(givenUpMs);
    scene.onOwed.mockClear();
    scene.deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(scene.store.owedCount()).toBe(1);
    expect(scene.onOwed).toHaveBeenCalled();
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(["one"]);
  });

  it("loses QoS 0, which is counted and kept nowhere [B47]", async () => {
    const scene = lost();
    expect(await scene.publish("one", 0)).toBe(0);
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(scene.store.owedClientIds()).toEqual([]);
    expect(scene.deliverer.droppedMessages).toBe(1);
  });
});

describe("what cannot be kept for a session", () => {
  it("is answered 0x97 when the table is full, and what is in it stays [maximumOwedMessages]", async () => {
    const scene = lost({ maximumOwedMessages: 1 });
    const first = scene.published("one");
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(first.code).toBe(0);
    expect(await scene.publish("two")).toBe(0x97);
    expect(scene.deliverer.droppedMessages).toBe(1);
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(["one"]);
    const third = scene.published("three");
    await vi.advanceTimersByTimeAsync(10);
    expect(third.code).toBe(0);
  });

  it("is answered 0x80 when it cannot be written, so that a publisher of MQTT 3.x sends it again, and the lane goes on", async () => {
    const scene = lost();
    vi.spyOn(scene.store, "putOwed").mockImplementationOnce(() => {
      throw new Error("the disk is full");
    });
    const outcomes = ["one", "two"].map((payload) => scene.published(payload));
    await vi.advanceTimersByTimeAsync(givenUpMs);
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 0x80]);
    expect(scene.onBroken).not.toHaveBeenCalled();
    await back(scene);
    const third = scene.published("three");
    await vi.advanceTimersByTimeAsync(10);
    expect(third.code).toBe(0);
    const kept = outcomes[0]?.code === 0 ? "one" : "two";
    expect(scene.payloadsOf("lost")).toEqual([kept, "three"]);
  });
});

describe("a session that is back, and has no room for what it is owed", () => {
  it("gets it when there is room, and nothing of it is lost", async () => {
    const scene = await withoutRoom("one", "two");
    expect(scene.store.owedCount()).toBe(2);
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(["one", "two"]);
    expect(scene.owed.isEmpty).toBe(true);
  });

  it("is not owed what comes meanwhile: its publisher is answered 0x97, and QoS 0 is dropped [B41]", async () => {
    const scene = await withoutRoom("one");
    const dropped = scene.deliverer.droppedMessages;
    expect(await scene.publish("two")).toBe(0x97);
    expect(await scene.publish("three", 0)).toBe(0);
    expect(scene.store.owedCount()).toBe(1);
    expect(scene.deliverer.droppedMessages).toBe(dropped + 2);
    await vi.advanceTimersByTimeAsync(100);
    await back(scene);
    expect(scene.payloadsOf("lost")).toEqual(["one"]);
  });

  it("is asked again by the next message, without waiting for the alarm", async () => {
    const scene = await withoutRoom("one");
    scene.answers.delete("lost");
    expect(await scene.publish("two")).toBe(0x97);
    await vi.advanceTimersByTimeAsync(100);
    expect(scene.payloadsOf("lost")).toEqual(["one"]);
    expect(await answerOf(scene.publish("three"))).toBe(0);
  });

  it("is asked with one message at a time", async () => {
    const scene = await withoutRoom("one", "two", "three");
    const asked: string[] = [];
    scene.answers.set("lost", (payload) => {
      asked.push(payload);
      return QueueFull;
    });
    scene.deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(["one"]);
  });

  it("is passed over in a shared subscription, and is the last resort there", async () => {
    const scene = lost();
    scene.subscribe("lost", "$share/g/t");
    scene.published("one");
    await vi.advanceTimersByTimeAsync(givenUpMs);
    scene.answers.set("lost", QueueFull);
    scene.unsubscribe("lost", "t");
    scene.deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(100);
    expect(await scene.publish("two")).toBe(0x97); // its only member
    scene.subscribe("other", "$share/g/t");
    for (const payload of ["three", "four"]) expect(await answerOf(scene.publish(payload))).toBe(0);
    expect(scene.payloadsOf("other")).toEqual(["three", "four"]);
    scene.answers.set("other", Refused);
    expect(await answerOf(scene.publish("five", 2))).toBeOneOf([0, 0x97]);
    expect(scene.payloadsOf("lost")).toEqual([]);
  });
});

/** What is owed is there; the session is reached, and its queue is at its limit. */
async function withoutRoom(...payloads: string[]): Promise<DelivererScene> {
  const scene = lost();
  for (const payload of payloads) scene.published(payload);
  await vi.advanceTimersByTimeAsync(givenUpMs);
  scene.answers.set("lost", QueueFull);
  scene.deliverer.retryOwed();
  await vi.advanceTimersByTimeAsync(100);
  return scene;
}

async function answerOf(answer: Promise<number | undefined>): Promise<number | undefined> {
  await vi.advanceTimersByTimeAsync(100);
  return await answer;
}

function lost(limits: { maximumOwedMessages?: number } = {}): DelivererScene {
  const scene = new DelivererScene(limits);
  scene.subscribe("lost", "t");
  scene.answers.set("lost", "out of reach");
  return scene;
}

async function back(scene: DelivererScene): Promise<void> {
  scene.answers.delete("lost");
  scene.deliverer.retryOwed();
  await vi.advanceTimersByTimeAsync(1_000);
}
