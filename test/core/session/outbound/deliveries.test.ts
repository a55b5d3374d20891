// The table of a delivery's question beside a real session, which comes through every line of it. What it finds besides would
// be a line that the table does not have, and throws.

import { describe, expect, it } from "vitest";
import {
  bitsOf,
  DeliveryAnswer,
  type DeliveryKind,
  deliveryMachine,
  kindOf,
} from "../../../../src/core/topic/delivery-question.ts";
import { linesOf, linesTakenBy } from "../../../support/lines-of-machine.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const kinds: readonly DeliveryKind[] = ["plain", "refusable", "question", "owed"];
const once = (text: string) => delivery(text, { qos: 2, id: `0mabc1234-${text}` });

describe("a delivery's question", () => {
  it("leads a session through every line of the table, and through no other", () => {
    const { Accepted, Stale, QueueFull, Refused } = DeliveryAnswer;
    const taken = linesTakenBy(deliveryMachine, () => {
      for (const kind of kinds) {
        const h = new SessionHarness({ limits: { maximumQueuedMessages: 1 } });
        const client = h.subscribed();
        const asks = (each: ReturnType<typeof delivery>, generation = h.generation) =>
          h.deliverItems([{ generation, kind, delivery: each }])[0];
        const isQuestion = kind === "question";
        expect(asks(once("1"), "an earlier life")).toBe(Stale);
        expect(asks(delivery("1", { expiresAtMs: h.nowMs }))).toBe(isQuestion ? Refused : Accepted);
        expect(asks(once("1"))).toBe(isQuestion ? Refused : Accepted);
        if (isQuestion) h.deliver(once("1"));
        expect(asks(once("1"))).toBe(Accepted);
        const full = kind === "refusable" || isQuestion ? Refused : QueueFull;
        expect(asks(once("2"))).toBe(full);
        client.drop();
        expect(asks(once("2"))).toBe(full);
      }
      const h = new SessionHarness({ limits: { maximumQueuedMessages: 1 } });
      h.subscribed();
      const owed = ["1", "2", "3"].map((text) => {
        return { generation: h.generation, kind: "owed" as const, delivery: delivery(text) };
      });
      expect(h.deliverItems(owed)).toEqual([Accepted, QueueFull, QueueFull]);
    });
    expect(taken).toEqual(linesOf(deliveryMachine));
  });

  it("travels in the bits that it always had", () => {
    expect(kinds.map(bitsOf)).toEqual([0, 1, 3, 4]);
    expect(kinds.map((kind) => kindOf(bitsOf(kind)))).toEqual(kinds);
  });
});
