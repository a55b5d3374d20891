// What the topic objects say: deliveries for the client, and answers to the session's requests. Each answer goes to the
// part of the session that waits for it.

import { isError, ReasonCode } from "../packet/reason-code.ts";
import { type Reached, reachedOf, reasonCodeOf } from "../shares/reached.ts";
import type { SessionDelivery } from "../topic/topic-request.ts";
import type { FilterToken, RequestToken, SocketId } from "./effect.ts";
import { disconnect } from "./life/ending.ts";
import { takeDeliveries } from "./outbound/deliveries.ts";
import type { Parts } from "./parts.ts";

export function onDeliveries({ context, connections, state }: Parts, items: readonly SessionDelivery[]): void {
  const { current } = connections;
  state.endIfExpired();
  const answers = takeDeliveries(context, state.outbound, current, items);
  context.effect({ type: "deliveries answered", answers });
  if (current !== undefined) state.outbound.flush(current);
  else state.reportQueue();
}

/**
 * Requests were answered.
 * @param answers each a reason code, or as `answerOf`
 */
export function onAnswers(parts: Parts, tokens: readonly (RequestToken | null)[], answers: readonly number[]): void {
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token) onAnswer(parts, token, answers[index] ?? ReasonCode.Success);
  }
}

function onAnswer(parts: Parts, token: RequestToken, answer: number): void {
  const { current } = parts.connections;
  const code = reasonCodeOf(answer);
  // A failure must not look like success if nobody hears of it: MQTT 3.x has no words for it, and a Will has no client.
  const isHeard = token.type === "publish" ? current?.protocolVersion === 5 : token.type !== "will";
  if (code === ReasonCode.UnspecifiedError && !isHeard) onUnanswered(parts, token);
  else passAnswer(parts, token, code, reachedOf(answer));
}

/** @param reached the limit that is behind a refusal, if it is known */
function passAnswer(parts: Parts, token: RequestToken, code: number, reached: Reached | undefined): void {
  const { connections, state } = parts;
  switch (token.type) {
    case "publish":
      state.inbound.onForwarded(connections.current, token, code, reached);
      break;
    case "will":
      state.wills.onPublished(token.id);
      break;
    case "filter":
      onFilterAnswer(parts, token, code);
      break;
    case "registration":
      state.onRegistered(token.id, !isError(code));
      break;
    case "redistribution":
      state.onRedistributed(connections.current, token.id, code === ReasonCode.Success);
  }
}

/** A topic object could not be reached. The client sends again what is not acknowledged. */
export function onUnanswered(parts: Parts, token: RequestToken): void {
  const waiting = passFailure(parts, token);
  const { current } = parts.connections;
  if (current !== undefined && current.socketId === waiting) {
    disconnect(parts, current, ReasonCode.ServerBusy, "the topic cannot be reached, try again");
  }
}

/** @returns the connection that cannot go on, since it waits for an acknowledgement */
function passFailure(parts: Parts, token: RequestToken): SocketId | undefined {
  const { connections, state } = parts;
  switch (token.type) {
    case "publish":
      return state.inbound.onUnanswered(token);
    case "will":
      state.wills.onUnanswered(token.id);
      break;
    case "filter":
      onFilterAnswer(parts, token, ReasonCode.UnspecifiedError);
      break;
    case "registration":
      state.onRegistered(token.id, false);
      break;
    case "redistribution":
      state.onRedistributed(connections.current, token.id, false);
  }
  return undefined;
}

function onFilterAnswer({ connections, state }: Parts, token: FilterToken, code: number): void {
  const { subscribing, outbound } = state;
  const { current } = connections;
  if (!subscribing.onAnswer(current, token, code)) return;
  if (current !== undefined && !subscribing.isSubscribing) outbound.release(current);
}
