// Hands deliveries from a topic object to sessions: a lane to each, the turn of shared subscriptions, the pages of
// retained messages, and what is owed to a session that cannot be reached.

import type { Recipient } from "../../core/topic/recipient.ts";
import type { RetainedCursor } from "../../core/topic/retained.ts";
import type { Topic } from "../../core/topic/topic.ts";
import {
  DeliveryAnswer,
  encodeSessionDeliveries,
  type SessionDelivery,
  sizeOfDelivery,
} from "../../core/topic/topic-request.ts";
import type { Subscriber } from "../../core/topic/topic-store.ts";
import { Lane } from "../../platform/lane.ts";
import { Turns } from "../../platform/turns.ts";
import { GroupSearches } from "./group-searches.ts";
import type { OpenBatch } from "./open-batch.ts";
import type { OwedTable } from "./owed-table.ts";

/** A delivery on a lane, and what follows from its answer. */
type Item = SessionDelivery & {
  readonly clientId: string;
  /** The publish that waits for this delivery. */
  readonly origin?: Origin | undefined;
  readonly turn?: Turn;
  /** The next page of retained messages. */
  readonly next?: RetainedCursor | undefined;
  /** Its row in the table of what is owed. */
  readonly owedSequence?: number;
};

/** A request of an open batch. */
export type Origin = { readonly batch: OpenBatch; readonly index: number };

/** A shared subscription's search for a member that takes a message. */
type Turn = {
  /** In the order in which they are asked. For a possible repeat each is there twice, first to ask if it has the message. */
  readonly members: readonly Recipient[];
  readonly questions: number;
  readonly position: number;
  /** The first that refused. */
  readonly refused?: Recipient | undefined;
  /** The first member whose answer was lost: it may have the message. */
  readonly unsure?: Recipient | undefined;
  /** If all refuse, the message stays where it comes from. */
  readonly isOffer: boolean;
  /** Names the search, if the message must come only once. */
  readonly key?: string | undefined;
};

export type DelivererHandlers = {
  readonly sessionOf: (clientId: string) => {
    deliver(laneId: string, sequence: number, batch: Uint8Array, sentAtMs: number): Promise<readonly number[]>;
  };
  /** Something is owed: call `retryOwed` later. */
  readonly onOwed: () => void;
  /** A bug: the object must not go on. */
  readonly onBroken: (error: unknown) => void;
};

/** Deliveries owed to one client that are read at a time. */
const owedPage = 16;
/** Lanes that carry nothing are kept up to this number. */
const maximumIdleLanes = 1_000;

export class Deliverer {
  private readonly topic: Topic;
  private readonly owed: OwedTable;
  private readonly handlers: DelivererHandlers;
  private readonly lanes = new Map<string, Lane<Item, number>>();
  private readonly pages: Turns<RetainedCursor>;
  private readonly searches = new GroupSearches();
  /** Since the object started: handed to sessions that took them, and dropped on the way to them. */
  deliveredMessages = 0;
  droppedMessages = 0;

  constructor(topic: Topic, owed: OwedTable, handlers: DelivererHandlers) {
    this.topic = topic;
    this.owed = owed;
    this.handlers = handlers;
    this.pages = new Turns((cursor) => this.sendPage(cursor), handlers.onBroken);
  }

  /** Nobody waits for it. */
  send(recipient: Recipient): void {
    this.hand({ ...recipient, isRefusable: false });
  }

  /** @param origin its batch waits, unless the delivery is at QoS 0 */
  deliver(recipient: Recipient, origin: Origin): void {
    const { clientId, generation, delivery } = recipient;
    this.hand({ clientId, generation, delivery, origin, isRefusable: false });
  }

  /**
   * Gives a message to the first member of a shared subscription whose client is there; where none is, the first
   * keeps it for its client. Section 4.8.2.
   *
   * @param mayBeRepeat at QoS 2 a member that has it already, wherever its client is, is the one
   */
  deliverToGroup(members: readonly Recipient[], origin: Origin, mayBeRepeat: boolean): void {
    const [first] = members;
    if (first === undefined) return;
    const { id } = first.delivery.message;
    if (members.length === 1) this.deliver(first, origin);
    else if (id === "") this.askNext({ members, questions: 0, position: 0, isOffer: false }, origin);
    else this.deliverOnceToGroup(members, origin, mayBeRepeat, `${id} ${first.delivery.sharedFilter}`);
  }

  private deliverOnceToGroup(members: readonly Recipient[], origin: Origin, mayBeRepeat: boolean, key: string): void {
    const questions = mayBeRepeat ? members.length : 0;
    const asked = mayBeRepeat ? [...members, ...members] : members;
    origin.batch.expect();
    this.searches.begin(key, () => {
      this.askNext({ members: asked, questions, position: 0, isOffer: false, key }, origin);
      origin.batch.settle();
    });
  }

  /** Gives a message to the first member whose client is there, if there is one; else the batch's answer stays. */
  offerToGroup(members: readonly Recipient[], origin: Origin): void {
    // A member that is owed something could not take the message anyway; asking each would only nest the calls.
    const asked = members.filter(({ clientId }) => !this.owed.has(clientId));
    this.askNext({ members: asked, questions: 0, position: 0, isOffer: true }, origin);
  }

  /**
   * Sends the retained messages of a new subscription, one page after the other, as the session takes them. Each page has a
   * turn of its own, because it is a search.
   */
  sendRetained(subscriber: Subscriber): void {
    this.pages.add(this.topic.beginRetained(subscriber));
  }

  /** Tries again to hand over what is owed. */
  retryOwed(): void {
    for (const clientId of this.owed.clientIds) this.handOwed(clientId);
  }

  private sendPage(cursor: RetainedCursor): void {
    const subscriber = this.topic.heirOf(cursor.subscriber);
    // The client has unsubscribed, or has subscribed again, which sends all of them again [MQTT-3.10.4-2].
    if (subscriber === undefined) {
      this.topic.endRetained(cursor);
      return;
    }
    const { recipients, next } = this.topic.retainedPage({ ...cursor, subscriber }, Date.now());
    if (recipients.length === 0 && next !== undefined) this.pages.add(next);
    for (const [index, recipient] of recipients.entries()) {
      this.hand({ ...recipient, next: index === recipients.length - 1 ? next : undefined, isRefusable: false });
    }
  }

  private hand(item: Item): void {
    if (isAwaited(item)) item.origin?.batch.expect();
    else item.origin?.batch.onTaken(item.origin.index);
    // A question delivers nothing that could overtake anything.
    const isBehind = this.owed.has(item.clientId) && !item.isQuestion;
    if (isBehind && item.delivery.qos > 0 && this.owed.isWithoutRoom(item.clientId)) {
      this.onAnswer(item, DeliveryAnswer.QueueFull);
      this.handOwed(item.clientId);
    } else if (isBehind || !this.laneTo(item.clientId).enqueue(item, sizeOfDelivery(item.delivery))) {
      this.owe(item, false);
    }
  }

  /**
   * Keeps a QoS 1 or 2 delivery for later; then it is as good as delivered. QoS 0 is dropped, and counted.
   * @param isFirst it is older than what is owed already
   */
  private owe(item: Item, isFirst: boolean): void {
    const { clientId, delivery, owedSequence, origin, next, turn } = item;
    const isPassedOn = turn !== undefined && (turn.isOffer || item.isQuestion === true);
    if (isPassedOn) {
      if (item.isQuestion) this.passOnUnsure(turn, item);
      else this.passOn(turn, item, false);
      settle(item, false);
    } else if (delivery.qos === 0) {
      this.droppedMessages += 1;
      settle(item, true);
    } else {
      const isOwed = owedSequence !== undefined;
      const outcome = isOwed ? "kept" : this.owed.put(clientId, { ...item, isRefusable: false }, isFirst);
      if (outcome === "kept") this.handlers.onOwed();
      else this.droppedMessages += 1;
      if (outcome === "full") origin?.batch.onRefused(origin.index);
      // An MQTT 3.x publisher cannot be told of a refusal: it would take the answer for a promise that the message is kept.
      else if (outcome === "failed") origin?.batch.onFailed(origin.index);
      settle(item, outcome === "kept");
    }
    if (!isPassedOn) this.endSearch(turn);
    if (next !== undefined) this.pages.add(next);
  }

  private onAnswers(items: readonly Item[], answers: readonly number[]): void {
    for (const [index, item] of items.entries()) this.onAnswer(item, answers[index] ?? DeliveryAnswer.Accepted);
    const [first] = items;
    if (first === undefined || !this.owed.has(first.clientId)) return;
    if (!this.owed.isWithoutRoom(first.clientId)) this.handOwed(first.clientId);
    // Its client may take what fills the queue soon, or not for long: where some was taken just now, the next try is soon.
    else this.handlers.onOwed();
  }

  private onAnswer(item: Item, answer: number): void {
    const { origin, owedSequence, clientId } = item;
    if (owedSequence !== undefined && answer === DeliveryAnswer.QueueFull) {
      // It has been acknowledged.
      this.owed.onNoRoom(clientId);
      return;
    }
    if (owedSequence !== undefined) this.owed.delete(clientId, owedSequence);
    if (answer === DeliveryAnswer.Stale) this.topic.end(clientId, item.generation);
    if (answer === DeliveryAnswer.Accepted) this.deliveredMessages += 1;
    if (answer === DeliveryAnswer.QueueFull) {
      this.droppedMessages += 1;
      origin?.batch.onRefused(origin.index);
    }
    const isRefused = answer === DeliveryAnswer.Refused;
    if ((isRefused || answer === DeliveryAnswer.Stale) && item.turn !== undefined) {
      // What its session does not have, it may be owed.
      if (item.isQuestion && this.owed.has(clientId)) this.passOnUnsure(item.turn, item);
      else this.passOn(item.turn, item, isRefused);
    } else {
      this.endSearch(item.turn);
    }
    if (item.next !== undefined) {
      if (answer === DeliveryAnswer.Stale) this.topic.endRetained(item.next);
      else this.pages.add(item.next);
    }
    // After passing on, so that the batch waits for the next member.
    settle(item, answer === DeliveryAnswer.Accepted);
  }

  /** @param isRefused the member could keep the message for its client */
  private passOn(turn: Turn, { origin, isQuestion }: Item, isRefused: boolean): void {
    const { position } = turn;
    const refused = turn.refused ?? (isRefused && !isQuestion ? turn.members[position] : undefined);
    this.askNext({ ...turn, position: position + 1, refused }, origin);
  }

  /** Whether the member has the message could not be found out. */
  private passOnUnsure(turn: Turn, item: Item): void {
    this.passOn({ ...turn, unsure: turn.unsure ?? turn.members[turn.position] }, item, false);
  }

  /**
   * Asks the member whose position it is, or the first behind it that may have room. When nobody has a repeat, it goes
   * to the one of which that is not known, for it may have it; and the last resort is who refused.
   */
  private askNext(turn: Turn, origin: Origin | undefined): void {
    const { members, questions, isOffer, unsure } = turn;
    let { position, refused } = turn;
    for (; position < members.length; position += 1) {
      const member = members[position] as Recipient;
      const isQuestion = position < questions;
      if (!isQuestion && unsure !== undefined) break;
      if (isQuestion || !this.owed.isWithoutRoom(member.clientId)) {
        const question = isQuestion ? ({ isQuestion } as const) : {};
        this.hand({ ...member, origin, turn: { ...turn, position, refused }, isRefusable: true, ...question });
        return;
      }
      refused ??= member;
    }
    const last = unsure ?? refused;
    if (last !== undefined && origin !== undefined && !isOffer) this.deliver(last, origin);
    this.endSearch(turn);
  }

  private endSearch(turn: Turn | undefined): void {
    if (turn?.key !== undefined) this.searches.end(turn.key);
  }

  private laneTo(clientId: string): Lane<Item, number> {
    const existing = this.lanes.get(clientId);
    if (existing !== undefined) return existing;
    let session: ReturnType<DelivererHandlers["sessionOf"]> | undefined;
    const lane = new Lane<Item, number>({
      call: (laneId, { sequence, items }, isAgain) => {
        if (session === undefined || isAgain) session = this.handlers.sessionOf(clientId);
        return session.deliver(laneId, sequence, encodeSessionDeliveries(items), Date.now());
      },
      onAnswers: (items, answers) => {
        this.onAnswers(items, answers);
        this.dropIfIdle(clientId, lane);
      },
      onGivenUp: (items) => {
        // From the last to the first: what did not fit on the lane came after all of them, and is owed already.
        for (const item of items.toReversed()) this.owe(item, true);
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

  private handOwed(clientId: string): void {
    const lane = this.laneTo(clientId);
    if (!lane.isIdle) return;
    for (const { sequence, delivery } of this.owed.next(clientId, owedPage)) {
      const item = { ...delivery, isOwed: true, clientId, owedSequence: sequence } as const;
      // What does not fit follows: the order must hold.
      if (!lane.enqueue(item, sizeOfDelivery(delivery.delivery))) return;
    }
  }
}

/** In a shared subscription a member at QoS 0 may refuse, and the next one may have to store the message. */
function isAwaited({ delivery, turn }: Item): boolean {
  return delivery.qos > 0 || (turn !== undefined && delivery.message.qos > 0);
}

/** The batch waits for this delivery no longer. */
function settle(item: Item, isTaken: boolean): void {
  const { origin } = item;
  if (origin === undefined || !isAwaited(item)) return;
  if (isTaken) origin.batch.onTaken(origin.index);
  origin.batch.settle();
}
