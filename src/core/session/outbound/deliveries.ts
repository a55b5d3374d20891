// What a session answers to the deliveries of a topic object: whether it takes each.

import { DeliveryAnswer, type SessionDelivery } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { SessionState } from "../life/session-state.ts";
import type { Connected } from "../wire/connection.ts";

/** @returns one of `DeliveryAnswer` for each */
export function takeDeliveries(
  context: Context,
  state: SessionState,
  connected: Connected | undefined,
  items: readonly SessionDelivery[],
): number[] {
  let isBehind = false;
  const answers = items.map((item) => {
    // What is owed is kept in order: one that finds no room holds up the others.
    const answer = item.isOwed && isBehind ? DeliveryAnswer.QueueFull : take(state, connected, item);
    if (answer === DeliveryAnswer.QueueFull) {
      if (item.isOwed) isBehind = true;
      else context.counts.messagesDropped += 1;
    }
    return answer;
  });
  state.outbound.store();
  return answers;
}

function take(
  { generation, outbound, isDurable }: SessionState,
  connected: Connected | undefined,
  { generation: wanted, isRefusable, isQuestion, delivery }: SessionDelivery,
): number {
  if (generation !== wanted) return DeliveryAnswer.Stale;
  const canSend = () => !isQuestion && connected !== undefined && outbound.makeRoomFor(delivery);
  if (isRefusable && !canSend()) {
    return outbound.hasTaken(delivery, isDurable) ? DeliveryAnswer.Accepted : DeliveryAnswer.Refused;
  }
  return outbound.accept(delivery, connected, isDurable);
}
