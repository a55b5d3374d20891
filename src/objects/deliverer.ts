// Hands deliveries from a topic object to sessions: a lane to each, the turn of shared subscriptions, the pages of
// retained messages, and what is owed to a session that cannot be reached.

import type { Recipient, RetainedCursor, Topic } from "../core/topic/topic.ts";
import {
  DeliveryAnswer,
  encodeSessionDeliveries,
  type SessionDelivery,
  sizeOfMessage,
} from "../core/topic/topic-request.ts";
import type { TopicStore } from "../core/topic/topic-store.ts";
import { Lane } from "./lane.ts";
import type { OpenBatch } from "./open-batch.ts";

/** A delivery on a lane, and what follows from its answer. */
type Item = SessionDelivery & {
  readonly clientId: string;
  /** The publish that waits for this delivery. */
  readonly origin?: Origin | undefined;
  readonly turn?: Turn;
  /** The page of retained messages that follows. */
  readonly next?: RetainedCursor | undefined;
  /** Its row in the table of what is owed. */
  readonly owedSequence?: number;
};

/** A request of an open batch. */
export type Origin = { readonly batch: OpenBatch; readonly index: number };

/** A shared subscription's search for a member that takes a message. */
type Turn = {
  /** In the order in which they are asked. */
  readonly members: readonly Recipient[];
  readonly position: number;
  /** The first that refused because its client is away. */
  readonly away: Recipient | undefined;
};

export type SessionCall = (
  clientId: string,
  isAgain: boolean,
) => {
  deliver(laneId: string, sequence: number, batch: Uint8Array): Promise<readonly number[]>;
};

/** Of what is owed to one client, so many are handed over at a time: less than a batch. */
const owedPage = 100;
/** Lanes that carry nothing are kept up to this number. */
const maximumIdleLanes = 1_000;

export class Deliverer {
  private readonly topic: Topic;
  private readonly store: TopicStore;
  private readonly sessionOf: SessionCall;
  /** Called when something becomes owed: an alarm is to call `retryOwed`. */
  private readonly onOwed: () => void;
  private readonly lanes = new Map<string, Lane<Item, number>>();
  /** Clients that something is owed to: later messages queue behind it, so that order holds [MQTT-4.6.0-5]. */
  private readonly owing: Set<string>;
  droppedMessages = 0;

  constructor(topic: Topic, store: TopicStore, sessionOf: SessionCall, onOwed: () => void) {
    this.topic = topic;
    this.store = store;
    this.sessionOf = sessionOf;
    this.onOwed = onOwed;
    this.owing = new Set(store.owedClientIds());
  }

  get hasOwed(): boolean {
    return this.owing.size > 0;
  }

  /** @param origin its batch waits, unless the delivery is at QoS 0 */
  deliver(recipient: Recipient, origin: Origin): void {
    this.hand({ ...recipient, origin, isRefusable: false });
  }

  /**
   * Gives a message to the first member of a shared subscription whose client is there; where none is, the first
   * keeps it for its client. Section 4.8.2.
   */
  deliverToGroup(members: readonly Recipient[], origin: Origin): void {
    const [first] = members;
    if (first === undefined) return;
    if (members.length === 1) this.deliver(first, origin);
    else this.hand({ ...first, origin, turn: { members, position: 0, away: undefined }, isRefusable: true });
  }

  /** Sends the retained messages of a new subscription, a page after the other as the session takes them. */
  sendRetained(cursor: RetainedCursor): void {
    let page = this.topic.retainedPage(cursor, Date.now());
    while (page.recipients.length === 0 && page.next !== undefined)
      page = this.topic.retainedPage(page.next, Date.now());
    for (const [index, recipient] of page.recipients.entries()) {
      const next = index === page.recipients.length - 1 ? page.next : undefined;
      this.hand({ ...recipient, next, isRefusable: false });
    }
  }

  /** Tries again to hand over what is owed. */
  retryOwed(): void {
    for (const clientId of this.owing) this.handOwed(clientId);
  }

  private hand(item: Item): void {
    if (item.delivery.qos > 0) item.origin?.batch.expect();
    else item.origin?.batch.onTaken(item.origin.index);
    if (
      this.owing.has(item.clientId) ||
      !this.laneTo(item.clientId).enqueue(item, sizeOfMessage(item.delivery.message))
    ) {
      this.owe(item);
    }
  }

  /** Keeps a QoS 1 or 2 delivery for later; then it is as good as delivered. QoS 0 is dropped, and counted. */
  private owe(item: Item): void {
    if (item.delivery.qos === 0) {
      this.droppedMessages += 1;
      return;
    }
    if (item.owedSequence === undefined) this.store.putOwed(item.clientId, { ...item, isRefusable: false });
    this.owing.add(item.clientId);
    this.onOwed();
    settle(item, true);
  }

  private onAnswers(items: readonly Item[], answers: readonly number[]): void {
    for (const [index, item] of items.entries()) this.onAnswer(item, answers[index] ?? DeliveryAnswer.Accepted);
    const last = items.at(-1);
    if (last?.owedSequence !== undefined) this.handOwed(last.clientId);
  }

  private onAnswer(item: Item, answer: number): void {
    if (item.owedSequence !== undefined) this.store.deleteOwed(item.owedSequence);
    if (answer === DeliveryAnswer.Stale) this.topic.end(item.clientId, item.generation);
    if (answer === DeliveryAnswer.QueueFull) this.droppedMessages += 1;
    if (answer !== DeliveryAnswer.Accepted && item.turn !== undefined) this.passOn(item.turn, item, answer);
    if (answer === DeliveryAnswer.Accepted && item.next !== undefined) this.sendRetained(item.next);
    // After passing on, so that the batch waits for the next member.
    settle(item, answer === DeliveryAnswer.Accepted || answer === DeliveryAnswer.QueueFull);
  }

  private passOn(turn: Turn, { origin }: Item, answer: number): void {
    const { members, position } = turn;
    const away = turn.away ?? (answer === DeliveryAnswer.Away ? members[position] : undefined);
    const next = members[position + 1];
    if (next !== undefined) {
      this.hand({ ...next, origin, turn: { members, position: position + 1, away }, isRefusable: true });
    } else if (away !== undefined && origin !== undefined) {
      this.deliver(away, origin);
    }
  }

  private laneTo(clientId: string): Lane<Item, number> {
    const existing = this.lanes.get(clientId);
    if (existing !== undefined) return existing;
    let session: ReturnType<SessionCall> | undefined;
    const lane = new Lane<Item, number>({
      call: (laneId, { sequence, items }, isAgain) => {
        if (session === undefined || isAgain) session = this.sessionOf(clientId, isAgain);
        return session.deliver(laneId, sequence, encodeSessionDeliveries(items));
      },
      onAnswers: (items, answers) => {
        this.onAnswers(items, answers);
        if (lane.isIdle && this.lanes.size > maximumIdleLanes) this.lanes.delete(clientId);
      },
      onGivenUp: (items) => {
        for (const item of items) this.owe(item);
      },
    });
    this.lanes.set(clientId, lane);
    return lane;
  }

  private handOwed(clientId: string): void {
    const page = this.store.owed(clientId, owedPage);
    if (page.length === 0) {
      this.owing.delete(clientId);
      return;
    }
    const lane = this.laneTo(clientId);
    if (!lane.isIdle) return;
    for (const { sequence, delivery } of page) {
      lane.enqueue({ ...delivery, clientId, owedSequence: sequence }, sizeOfMessage(delivery.delivery.message));
    }
  }
}

/** The batch waits for this delivery no longer. */
function settle({ delivery, origin }: Item, isTaken: boolean): void {
  if (origin === undefined || delivery.qos === 0) return;
  if (isTaken) origin.batch.onTaken(origin.index);
  origin.batch.settle();
}
