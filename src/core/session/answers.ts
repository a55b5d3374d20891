// What the topic objects answer: each answer goes to whoever in the session waits for it.

import { isError, ReasonCode } from "../packet/reason-code.ts";
import type { Reached } from "../shares/reached.ts";
import type { FilterToken, RequestToken, SocketId } from "./effect.ts";
import type { SessionState } from "./life/session-state.ts";
import type { Connected } from "./wire/connection.ts";

export class Answers {
  private readonly state: SessionState;

  constructor(state: SessionState) {
    this.state = state;
  }

  /**
   * A topic object has answered a request.
   * @param reached the limit that is behind a refusal, if it is known
   */
  onAnswer(connected: Connected | undefined, token: RequestToken, code: number, reached?: Reached): void {
    switch (token.type) {
      case "publish":
        this.state.inbound.onForwarded(connected, token, code, reached);
        break;
      case "will":
        this.state.wills.onPublished(token.id);
        break;
      case "filter":
        this.onFilterAnswer(connected, token, code);
        break;
      case "registration":
        this.state.onRegistered(token.id, !isError(code));
        break;
      case "redistribution":
        this.state.onRedistributed(connected, token.id, code === ReasonCode.Success);
    }
  }

  /**
   * A topic object could not be reached.
   * @returns the connection that cannot go on, since it waits for an acknowledgement
   */
  onUnanswered(connected: Connected | undefined, token: RequestToken): SocketId | undefined {
    switch (token.type) {
      case "publish":
        return this.state.inbound.onUnanswered(token);
      case "will":
        this.state.wills.onUnanswered(token.id);
        break;
      case "filter":
        this.onFilterAnswer(connected, token, ReasonCode.UnspecifiedError);
        break;
      case "registration":
        this.state.onRegistered(token.id, false);
        break;
      case "redistribution":
        this.state.onRedistributed(connected, token.id, false);
    }
    return undefined;
  }

  private onFilterAnswer(connected: Connected | undefined, token: FilterToken, code: number): void {
    if (!this.state.subscribing.onAnswer(connected, token, code)) return;
    if (connected !== undefined && !this.state.subscribing.isSubscribing) this.state.outbound.release(connected);
  }
}
