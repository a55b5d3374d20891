// Retained messages for a new subscription: page after page, as the session takes them, for as long as it is there.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryAnswer } from "../../../src/core/topic/delivery-question.ts";
import { type Answer, DelivererScene, later } from "./deliverer-scene.ts";

const { Accepted, QueueFull, Stale } = DeliveryAnswer;
const pageMessages = 100;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the retained messages of a new subscription", () => {
  it("go to its session in order, each once", async () => {
    const { scene, numbers } = subscribed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers);
  });

  it("come in later turns: they hold up nothing", async () => {
    const { scene } = subscribed();
    const published = vi.spyOn(scene.topic, "retainedPage");
    await Promise.resolve();
    expect(published).not.toHaveBeenCalled();
  });

  it("come a page at a time: the next one only when the session has taken the last", async () => {
    const { scene, numbers, release } = heldAtFirst();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.received).toEqual([]);
    const pages = vi.spyOn(scene.topic, "retainedPage");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pages).not.toHaveBeenCalled();
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers);
  });

  it("end with UNSUBSCRIBE [MQTT-3.10.4-2] [B61]", async () => {
    const { scene, numbers, release } = heldAtFirst();
    await vi.advanceTimersByTimeAsync(100);
    scene.unsubscribe("c", "r/#");
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers.slice(0, pageMessages));
  });

  it("do not begin when UNSUBSCRIBE came first", async () => {
    const { scene } = subscribed();
    scene.unsubscribe("c", "r/#");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.received).toEqual([]);
  });

  it("begin again when it is made again, and what was under way ends", async () => {
    const { scene, numbers, release } = heldAtFirst();
    await vi.advanceTimersByTimeAsync(100);
    scene.deliverer.sendRetained(scene.subscribe("c", "r/#", 2, true));
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual([...numbers.slice(0, pageMessages), ...numbers]);
  });

  it("go on, with the new options, when it is replaced by one that asks for none [MQTT-3.3.1-10]", async () => {
    const { scene, numbers, release } = heldAtFirst();
    await vi.advanceTimersByTimeAsync(100);
    for (const qos of [2, 0] as const) scene.subscribe("c", "r/#", qos);
    const pages = vi.spyOn(scene.topic, "retainedPage");
    release();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers);
    expect(pages.mock.calls.map(([cursor]) => cursor.subscriber.qos)).toEqual([0, 0]);
  });

  it("go on, though it was replaced before they began", async () => {
    const { scene, numbers } = subscribed();
    scene.subscribe("c", "r/#");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers);
  });

  it.each([false, true])(
    "do not go on with one that was made after UNSUBSCRIBE, replaced before: %s",
    async (isReplaced) => {
      const { scene, numbers, release } = heldAtFirst();
      await vi.advanceTimersByTimeAsync(100);
      if (isReplaced) scene.subscribe("c", "r/#");
      scene.unsubscribe("c", "r/#");
      scene.subscribe("c", "r/#");
      release();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(scene.payloadsOf("c")).toEqual(numbers.slice(0, pageMessages));
    },
  );

  it("go on behind one that the session's queue had no room for", async () => {
    const { scene, numbers } = subscribed();
    const lastOfPage = numbers[pageMessages - 1];
    scene.answers.set("c", (payload) => (payload === lastOfPage ? QueueFull : Accepted));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers.filter((number) => number !== lastOfPage));
    expect(scene.deliverer.droppedMessages).toBe(1);
  });

  it("end when that life of the session is over", async () => {
    const { scene } = subscribed();
    const calls = vi.fn((): Answer => Stale);
    scene.answers.set("c", calls);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toHaveBeenCalledTimes(pageMessages);
  });

  it("are all owed to a session that cannot be reached", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const { scene, numbers } = subscribed();
    scene.answers.set("c", "out of reach");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(scene.store.owedCount()).toBe(numbers.length);
    scene.answers.delete("c");
    scene.deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.payloadsOf("c")).toEqual(numbers);
  });
});

/** A client `c` that has just subscribed to three pages of retained messages. */
function subscribed() {
  const scene = new DelivererScene();
  const numbers = scene.retain(2 * pageMessages + 40);
  scene.deliverer.sendRetained(scene.subscribe("c", "r/#"));
  return { scene, numbers };
}

/** The same, with a session that takes nothing before `release`. */
function heldAtFirst() {
  const { answer, give } = later();
  const { scene, numbers } = subscribed();
  scene.answers.set("c", answer);
  return { scene, numbers, release: () => give(Accepted) };
}
