// How deliveries leave a topic object: what the publish is answered, and to whom a message goes when members of a
// shared subscription are away.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeliveryAnswer } from "../../../src/core/topic/delivery-question.ts";
import { type Answer, DelivererScene, later } from "./deliverer-scene.ts";

const { Accepted, Refused, QueueFull, Stale } = DeliveryAnswer;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a publish", () => {
  it("is answered when every session that it is owed to has taken it [B23]", async () => {
    const scene = new DelivererScene();
    const [a, b] = [later(), later()];
    scene.subscribe("a", "t");
    scene.subscribe("b", "t");
    scene.answers.set("a", a.answer).set("b", b.answer);
    const outcome = scene.published("1");
    a.give(Accepted);
    await vi.advanceTimersByTimeAsync(100);
    expect(outcome.code).toBeUndefined();
    b.give(Accepted);
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome.code).toBe(0);
  });

  it("waits for nobody who gets it at QoS 0", async () => {
    const scene = new DelivererScene();
    scene.subscribe("a", "t", 0);
    scene.answers.set("a", later().answer);
    expect(await scene.publish("1")).toBe(0);
  });

  it.each([
    ["the first", "a"],
    ["the last", "b"],
  ])("is answered 0x97 when %s to answer has a full queue, whoever else has taken it [B41]", async (_, full) => {
    const scene = new DelivererScene();
    const held = { a: later(), b: later() };
    scene.subscribe("a", "t");
    scene.subscribe("b", "t");
    scene.answers.set("a", held.a.answer).set("b", held.b.answer);
    const outcome = scene.published("1");
    for (const clientId of ["a", "b"] as const) {
      await vi.advanceTimersByTimeAsync(10);
      held[clientId].give(clientId === full ? QueueFull : Accepted);
    }
    await vi.advanceTimersByTimeAsync(10);
    expect(outcome.code).toBe(0x97);
    expect(scene.received).toHaveLength(1);
    expect(scene.deliverer.droppedMessages).toBe(1);
  });
});

describe("a life of a session that is over", () => {
  it("is pruned, and counts as no subscriber", async () => {
    const scene = new DelivererScene();
    scene.subscribe("gone", "t");
    scene.subscribe("gone", "other");
    scene.answers.set("gone", Stale);
    expect(await scene.publish("one")).toBe(0x10);
    expect(scene.topic.subscriptionCount).toBe(0);
  });
});

describe("a shared subscription", () => {
  /** With members `a`, `b`, … whose turn it is in this order. */
  const shared = (...members: string[]) => {
    const scene = new DelivererScene();
    for (const clientId of members) scene.subscribe(clientId, "$share/g/t");
    return scene;
  };
  const publishThrice = async (scene: DelivererScene) => {
    for (const payload of ["1", "2", "3"]) {
      const outcome = scene.published(payload);
      await vi.advanceTimersByTimeAsync(100);
      expect(outcome.code).toBe(0);
    }
    return scene.received.map(({ clientId }) => clientId);
  };

  it("passes over members whose client is away", async () => {
    const scene = shared("a", "b", "c");
    scene.answers.set("a", Refused).set("b", Refused);
    expect(await publishThrice(scene)).toEqual(["c", "c", "c"]);
  });

  it("leaves the message with the first member when all are away [B48]", async () => {
    const scene = shared("a", "b");
    scene.answers.set("a", Refused).set("b", Refused);
    expect(await publishThrice(scene)).toEqual(["a", "b", "a"]);
  });

  it("refuses a message if all members are away and the queue of the next one is full [B59]", async () => {
    const scene = shared("a", "b");
    const answers = [Refused, QueueFull];
    scene.answers.set("a", () => answers.shift() ?? Accepted).set("b", Refused);
    expect(await scene.publish("1")).toBe(0x97);
    expect(scene.received).toEqual([]);
  });

  it("passes over members whose session is over", async () => {
    const scene = shared("a", "b");
    scene.answers.set("a", Stale);
    expect(await publishThrice(scene)).toEqual(["b", "b", "b"]);
    expect(scene.topic.subscriptionCount).toBe(1);
  });

  describe("and a QoS 2 message that may be a repeat", () => {
    /** What members `a` to `c` are asked and say, in order. */
    const asked = async (answers: Record<string, (isQuestion: boolean) => Answer>) => {
      const scene = shared("a", "b", "c");
      const heard: string[] = [];
      for (const [clientId, answer] of Object.entries(answers)) {
        scene.answers.set(clientId, (_payload, isQuestion) => {
          heard.push(isQuestion ? `${clientId}?` : clientId);
          return answer(isQuestion);
        });
      }
      const outcome = scene.published("1", 2, true);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(outcome.code).toBe(0);
      return heard;
    };
    const hasNot = (isQuestion: boolean) => (isQuestion ? Refused : Accepted);
    const isAway = () => Refused;
    const has = () => Accepted;

    it("leave it with the member that has it, though others come before [MQTT-4.3.3-10]", async () => {
      const heard = await asked({ a: hasNot, b: hasNot, c: has });
      expect(heard.at(-1)).toBe("c?");
      expect(heard).not.toContain("a");
      expect(heard).not.toContain("b");
    });

    it("give it to the first whose client is there when none has it", async () => {
      const heard = await asked({ a: isAway, b: hasNot, c: isAway });
      expect(heard.slice(0, 3).sort()).toEqual(["a?", "b?", "c?"]);
      expect(heard.at(-1)).toBe("b");
    });

    it("pass over one that cannot be reached to one that has it", async () => {
      const heard = await asked({ a: () => "out of reach", b: () => "out of reach", c: has });
      expect(heard.at(-1)).toBe("c?");
      expect(heard).not.toContain("c");
    });

    it("leave it to one that is owed it, though its session has not got it yet [MQTT-4.3.3-10]", async () => {
      const scene = shared("a", "b");
      const has = new Set<string>();
      const session = (clientId: string) => (_payload: string, isQuestion: boolean) => {
        if (isQuestion) return has.has(clientId) ? Accepted : Refused;
        has.add(clientId);
        return Accepted;
      };
      for (const member of ["a", "b"]) scene.answers.set(member, "out of reach");
      const first = scene.published("1", 2);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(first.code).toBe(0);
      const [owner] = scene.store.owedClientIds();
      for (const member of ["a", "b"]) scene.answers.set(member, session(member));
      const again = scene.published("1", 2, true);
      await vi.advanceTimersByTimeAsync(10);
      scene.deliverer.retryOwed();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(again.code).toBe(0);
      expect([...has]).toEqual([owner]);
    });

    it.each([
      ["the first time", false],
      ["again", true],
    ])("leave it to one member when it comes while it is searched for %s [MQTT-4.3.3-10]", async (_, mayBeRepeat) => {
      const scene = shared("a", "b", "c");
      const takers = new Set<string>();
      let isFirstAway = true;
      for (const member of ["a", "b", "c"]) {
        scene.answers.set(member, async (_payload, isQuestion) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          if (isQuestion) return takers.has(member) ? Accepted : Refused;
          // The client of the member that is asked first comes back just then.
          if (isFirstAway) {
            isFirstAway = false;
            return Refused;
          }
          takers.add(member);
          return Accepted;
        });
      }
      const outcomes = [
        scene.published("1", 2, mayBeRepeat),
        scene.published("1", 2, true),
        scene.published("1", 2, true),
      ];
      await vi.advanceTimersByTimeAsync(60_000);
      expect(outcomes).toEqual([{ code: 0 }, { code: 0 }, { code: 0 }]);
      expect(new Set(scene.received.map(({ clientId }) => clientId)).size).toBe(1);
    });

    it("leave it to one that is away, though a session that was asked before has ended meanwhile", async () => {
      const scene = shared("a", "b", "c");
      let first: string | undefined;
      for (const member of ["a", "b", "c"]) {
        scene.answers.set(member, (_payload, isQuestion) => {
          first ??= member;
          return member === first && !isQuestion ? Stale : Refused;
        });
      }
      const outcome = scene.published("1", 2, true);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(outcome.code).toBe(0);
      expect(scene.received).toHaveLength(1);
    });

    it("leave it to one that could not be asked, when no other has it: it may be the one [MQTT-4.3.3-10]", async () => {
      const scene = shared("a", "b", "c");
      scene.answers.set("a", "out of reach");
      for (const member of ["b", "c"]) scene.answers.set(member, (_payload, isQuestion) => hasNot(isQuestion));
      const outcome = scene.published("1", 2, true);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(outcome.code).toBe(0);
      expect(scene.received).toEqual([]);
      expect(scene.store.owedClientIds()).toEqual(["a"]);
    });
  });

  it("does not ask twice who has a message at QoS 1", async () => {
    const scene = shared("a", "b");
    const isQuestion = vi.fn(() => Accepted);
    scene.answers.set("a", isQuestion);
    await scene.publish("1", 1, true);
    expect(isQuestion.mock.calls).toEqual([["1", false]]);
  });

  it("has the publish wait for the member that takes it, though the one before would have had it at QoS 0", async () => {
    const scene = new DelivererScene();
    const b = later();
    scene.subscribe("a", "$share/g/t", 0);
    scene.subscribe("b", "$share/g/t", 1);
    scene.answers.set("a", Refused).set("b", b.answer);
    const outcome = scene.published("1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outcome.code).toBeUndefined();
    b.give(Accepted);
    await vi.advanceTimersByTimeAsync(10);
    expect(outcome.code).toBe(0);
    expect(scene.received).toEqual([{ clientId: "b", payload: "1" }]);
  });
});
