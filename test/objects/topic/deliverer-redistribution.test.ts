// What becomes of a message that a member of a shared subscription gives away: offered while the member may still
// keep it, handed over when its session is over.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryAnswer } from "../../../src/core/topic/delivery-question.ts";
import { DelivererScene } from "./deliverer-scene.ts";

const { Accepted, Refused, QueueFull, Stale } = DeliveryAnswer;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** With members `giver`, `b` and `c`; `b` is asked first. */
function group(): DelivererScene {
  const scene = new DelivererScene();
  for (const clientId of ["giver", "b", "c"]) scene.subscribe(clientId, "$share/g/t");
  return scene;
}

async function answerOf(answer: Promise<number | undefined>, withinMs = 100): Promise<number | undefined> {
  await vi.advanceTimersByTimeAsync(withinMs);
  return answer;
}

describe("an offer", () => {
  it("is taken by the first member whose client is there, and by nobody else", async () => {
    const scene = group();
    scene.answers.set("b", Refused);
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0);
    expect(scene.received).toEqual([{ clientId: "c", payload: "1" }]);
  });

  it.each([
    ["away", Refused],
    ["over", Stale],
  ])("to members whose sessions are all %s is taken by none", async (_, answer) => {
    const scene = group();
    scene.answers.set("b", answer).set("c", answer);
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0x10);
    expect(scene.received).toEqual([]);
    expect(scene.deliverer.droppedMessages).toBe(0);
  });

  it("to nobody is answered so at once", async () => {
    const scene = new DelivererScene();
    scene.subscribe("giver", "$share/g/t");
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0x10);
  });

  it("to a single other member may be refused too", async () => {
    const scene = new DelivererScene();
    scene.subscribe("b", "$share/g/t");
    scene.answers.set("b", Refused);
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0x10);
    expect(scene.received).toEqual([]);
  });

  it("to a member that cannot be reached is passed on, and never owed", async () => {
    const scene = group();
    scene.answers.set("b", "out of reach");
    expect(await answerOf(scene.redistribute("giver", "1"), 10_000)).toBe(0);
    expect(scene.received).toEqual([{ clientId: "c", payload: "1" }]);
    scene.answers.set("c", "out of reach");
    expect(await answerOf(scene.redistribute("giver", "2"), 20_000)).toBe(0x10);
    expect(scene.owed.isEmpty).toBe(true);
  });

  it("is passed on by a member that is owed something already", async () => {
    const scene = group();
    scene.answers.set("b", "out of reach");
    scene.subscribe("b", "t");
    const owed = scene.publish("owed");
    await vi.advanceTimersByTimeAsync(10_000);
    await owed;
    scene.answers.set("b", Accepted);
    scene.received.length = 0;
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0);
    expect(await answerOf(scene.redistribute("giver", "2"))).toBe(0);
    expect(scene.payloadsOf("c")).toEqual(["1", "2"]);
  });

  it("to thousands of members that are owed something already is taken by none, and is no burden", async () => {
    const scene = new DelivererScene({ maximumOwedMessages: 5_000 });
    const message = { id: "", topicName: "t", qos: 1, retain: false, expiresAtMs: 0 } as const;
    const content = { properties: new Uint8Array(), payload: new Uint8Array() };
    const flags = { qos: 1, retain: false, subscriptionIdentifiers: [], sharedFilter: "" } as const;
    const delivery = { message: { ...message, ...content }, ...flags };
    for (let number = 0; number < 5_000; number++) {
      const clientId = `m${number}`;
      scene.subscribe(clientId, "$share/g/t");
      scene.owed.put(clientId, { generation: `life-of-${clientId}`, kind: "plain", delivery }, false);
    }
    expect(await answerOf(scene.redistribute("giver", "1"))).toBe(0x10);
    expect(scene.received).toEqual([]);
  });
});

describe("a message whose session is over", () => {
  const redistribute = (scene: DelivererScene, withinMs?: number) =>
    answerOf(scene.redistribute("giver", "1", { isOrphaned: true }), withinMs);

  it("goes to a member whose client is there rather than to one that is away", async () => {
    const scene = group();
    scene.answers.set("b", Refused);
    expect(await redistribute(scene)).toBe(0);
    expect(scene.received).toEqual([{ clientId: "c", payload: "1" }]);
  });

  it("is kept by one that is away when all are", async () => {
    const scene = group();
    scene.answers.set("b", Refused).set("c", Refused);
    expect(await redistribute(scene)).toBe(0);
    expect(scene.received).toEqual([{ clientId: "b", payload: "1" }]);
  });

  it("is owed to one that cannot be reached", async () => {
    const scene = group();
    scene.answers.set("b", "out of reach");
    expect(await redistribute(scene, 10_000)).toBe(0);
    scene.answers.set("b", Accepted);
    scene.deliverer.retryOwed();
    await vi.advanceTimersByTimeAsync(100);
    expect(scene.received).toEqual([{ clientId: "b", payload: "1" }]);
  });

  it("is nobody's when there is no other member, or none has room", async () => {
    const scene = new DelivererScene();
    expect(await redistribute(scene)).toBe(0x10);
    scene.subscribe("b", "$share/g/t");
    scene.answers.set("b", QueueFull);
    expect(await redistribute(scene)).toBe(0x97);
  });
});
