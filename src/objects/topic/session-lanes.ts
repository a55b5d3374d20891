// The lanes from a topic object to the sessions that it delivers to: one for each.

import { encodeSessionDeliveries, type SessionDelivery } from "../../core/topic/topic-request.ts";
import { Lane, type LaneHandlers } from "../../platform/lane.ts";

/** The call to a session object. It answers one of `DeliveryAnswer` for each delivery. */
export type SessionCalls = {
  deliver(laneId: string, sequence: number, batch: Uint8Array, sentAtMs: number): Promise<readonly number[]>;
};

/** Lanes that carry nothing are kept up to this number. */
const maximumIdleLanes = 1_000;

export class SessionLanes<Item extends SessionDelivery> {
  private readonly sessionOf: (clientId: string) => SessionCalls;
  private readonly handlers: Omit<LaneHandlers<Item, number>, "call">;
  private readonly lanes = new Map<string, Lane<Item, number>>();

  constructor(sessionOf: (clientId: string) => SessionCalls, handlers: Omit<LaneHandlers<Item, number>, "call">) {
    this.sessionOf = sessionOf;
    this.handlers = handlers;
  }

  to(clientId: string): Lane<Item, number> {
    const existing = this.lanes.get(clientId);
    if (existing !== undefined) return existing;
    let session: SessionCalls | undefined;
    const lane = new Lane<Item, number>({
      call: (laneId, { sequence, items }, isAgain) => {
        if (session === undefined || isAgain) session = this.sessionOf(clientId);
        return session.deliver(laneId, sequence, encodeSessionDeliveries(items), Date.now());
      },
      onAnswers: (items, answers) => {
        this.handlers.onAnswers(items, answers);
        this.dropIfIdle(clientId, lane);
      },
      onGivenUp: (items) => {
        this.handlers.onGivenUp(items);
        this.dropIfIdle(clientId, lane);
      },
      onBroken: this.handlers.onBroken,
    });
    this.lanes.set(clientId, lane);
    return lane;
  }

  private dropIfIdle(clientId: string, lane: Lane<Item, number>): void {
    if (lane.isIdle && this.lanes.size > maximumIdleLanes) this.lanes.delete(clientId);
  }
}
