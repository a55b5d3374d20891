// What a session answers to the deliveries of a topic object: whether it takes each.

import { DeliveryAnswer, type SessionDelivery } from "../../topic/topic-request.ts";
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
    // What is owed is kept in order: one that finds no room holds up the others.
    const answer = item.isOwed && isBehind ? DeliveryAnswer.QueueFull : take(context, outbound, connected, item);
    if (answer === DeliveryAnswer.QueueFull) {
      if (item.isOwed) isBehind = true;
      else context.counts.messagesDropped += 1;
    }
    return answer;
  });
  outbound.store();
  return answers;
}

function take(
  context: Context,
  outbound: Outbound,
  connected: Connected | undefined,
  { generation, isRefusable, isQuestion, delivery }: SessionDelivery,
): number {
  if (context.generation !== generation) return DeliveryAnswer.Stale;
  const canSend = () => !isQuestion && connected !== undefined && outbound.makeRoomFor(delivery);
  if (isRefusable && !canSend()) {
    return outbound.hasTaken(delivery) ? DeliveryAnswer.Accepted : DeliveryAnswer.Refused;
  }
  return outbound.accept(delivery, connected);
}
