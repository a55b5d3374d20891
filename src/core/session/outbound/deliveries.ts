// What a session finds for each delivery of a topic object, and answers by delivery-question.ts.

import { answerTo, DeliveryAnswer, type DeliveryFinding } from "../../topic/delivery-question.ts";
import type { SessionDelivery } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { Connected } from "../wire/connection.ts";
import type { Outbound } from "./outbound.ts";

/** @returns one of `DeliveryAnswer` for each */
export function takeDeliveries(
  context: Context,
  outbound: Outbound,
  connected: Connected | undefined,
  items: readonly SessionDelivery[],
): number[] {
  let isBehind = false;
  const answers = items.map((item) => {
    const { kind } = item;
    // What is owed is kept in order: one that finds no room holds up the others.
    const finding = kind === "owed" && isBehind ? "behind" : find(context, outbound, connected, item);
    const answer = answerTo(kind, finding);
    if (answer === DeliveryAnswer.QueueFull) {
      if (kind === "owed") isBehind = true;
      else context.counts.messagesDropped += 1;
    }
    return answer;
  });
  outbound.store();
  return answers;
}

function find(
  context: Context,
  outbound: Outbound,
  connected: Connected | undefined,
  { generation, kind, delivery }: SessionDelivery,
): DeliveryFinding {
  if (context.generation !== generation) return "session over";
  switch (kind) {
    case "plain":
    case "owed":
      return outbound.accept(delivery, connected);
    case "refusable": {
      const canSend = connected !== undefined && outbound.makeRoomFor(delivery);
      if (canSend) return outbound.accept(delivery, connected);
      return outbound.hasAccepted(delivery) ? "accepted before" : "cannot send";
    }
    case "question":
      return outbound.hasAccepted(delivery) ? "accepted before" : "not accepted before";
  }
}
