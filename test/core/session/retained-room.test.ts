// Retained messages that SUBSCRIBE asked for and that a session has no room for: it says so, at QoS 0 too, and the topic object
// sends them again.

import { expect, it } from "vitest";
import { DeliveryAnswer } from "../../../src/core/topic/topic-request.ts";
import { delivery, SessionHarness } from "../../support/session-harness.ts";

const { Accepted, QueueFull } = DeliveryAnswer;

function deliver(h: SessionHarness, isRetained: boolean, ...texts: string[]): number[] {
  const items = texts.map((text) => ({
    generation: h.generation,
    isRefusable: false,
    ...(isRetained ? ({ isRetained } as const) : {}),
    delivery: delivery(text, { qos: 0, retain: true }),
  }));
  const answers = h.session.onDeliveries(items, h.nowMs);
  h.run();
  return answers;
}

it("at QoS 0 are held back before SUBACK, and refused where there is no more room for that [B127]", () => {
  const h = new SessionHarness({ limits: { maximumQueuedMessages: 2 } });
  const client = h.subscribed();
  client.subscribe(1, "b", "c");
  expect(deliver(h, true, "1", "2", "3")).toEqual([Accepted, Accepted, QueueFull]);
  // What comes live is dropped, as ever.
  expect(deliver(h, false, "live")).toEqual([Accepted]);
  expect(h.session.droppedMessages).toBe(1);
  h.answerAll(0);
  expect(client.packets().map(({ cmd }) => cmd)).toEqual(["suback", "publish", "publish"]);
  expect(deliver(h, true, "3")).toEqual([Accepted]);
});

it("at QoS 0 are refused while the client has not been heard of for too much, and not once it has gone [B127]", () => {
  const h = new SessionHarness({ limits: { maximumUnheardBytes: 65_536 } });
  const client = h.subscribed();
  const large = "x".repeat(40_000);
  expect(deliver(h, true, large, large, "3")).toEqual([Accepted, Accepted, QueueFull]);
  client.send({ cmd: "pingreq" });
  expect(deliver(h, true, "3")).toEqual([Accepted]);
  client.drop();
  expect(deliver(h, true, "4")).toEqual([Accepted]);
});
