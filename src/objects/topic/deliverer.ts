// Sends deliveries from a topic object to sessions, over a lane to each. Runs the searches through shared subscriptions, sends
// the pages of retained messages, and keeps what is owed to a session that cannot be reached.

import { DeliveryAnswer } from "../../core/topic/delivery-question.ts";
import { GroupSearch, type MemberAnswer } from "../../core/topic/group-search.ts";
import type { Recipient } from "../../core/topic/recipient.ts";
import type { RetainedCursor } from "../../core/topic/retained.ts";
import { SearchQueue } from "../../core/topic/search-queue.ts";
import type { Topic } from "../../core/topic/topic.ts";
import { type SessionDelivery, sizeOfDelivery } from "../../core/topic/topic-request.ts";
import type { Subscriber } from "../../core/topic/topic-store.ts";
import { PieceQueue } from "../../platform/piece-queue.ts";
import type { OpenBatch } from "./open-batch.ts";
import type { OwedTable } from "./owed-table.ts";
import { type SessionCalls, SessionLanes } from "./session-lanes.ts";

/** A delivery on a lane, and what follows from its answer. */
type Item = SessionDelivery & {
  readonly clientId: string;
  /** The publish that waits for this delivery. */
  readonly origin?: Origin;
  /** The search that waits for this member's answer. */
  readonly search?: Search;
  /** The next page of retained messages. */
  readonly next?: RetainedCursor | undefined;
  /** Its row in the table of what is owed. */
  readonly owedSequence?: number;
};

/** A request of an open batch. */
export type Origin = { readonly batch: OpenBatch; readonly index: number };

/** A group search under way, and the publish that waits for it. */
type Search = {
  readonly group: GroupSearch;
  readonly origin: Origin;
  /** Names the message and the group, if the message must come only once. */
  readonly key: string | undefined;
  /** Whether the batch waits until the search is over: it does unless the message is at QoS 0. */
  readonly isAwaited: boolean;
};

export type DelivererHandlers = {
  readonly sessionOf: (clientId: string) => SessionCalls;
  /** Something is owed: call `retryOwed` later. */
  readonly onOwed: () => void;
  /** A bug: the object must not go on. */
  readonly onBroken: (error: unknown) => void;
};

/** Deliveries owed to one client that are read at a time. */
const owedPage = 16;

export class Deliverer {
  private readonly topic: Topic;
  private readonly owed: OwedTable;
  private readonly handlers: DelivererHandlers;
  private readonly lanes: SessionLanes<Item>;
  private readonly pages: PieceQueue<RetainedCursor>;
  private readonly searches = new SearchQueue<Search>();
  /** Since the object started: accepted by sessions, and dropped on the way to them. */
  deliveredMessages = 0;
  droppedMessages = 0;

  constructor(topic: Topic, owed: OwedTable, handlers: DelivererHandlers) {
    this.topic = topic;
    this.owed = owed;
    this.handlers = handlers;
    this.lanes = new SessionLanes(handlers.sessionOf, {
      onAnswers: (items, answers) => this.onAnswers(items, answers),
      // From the last to the first: what did not fit on the lane came after all of them, and is owed already.
      onGivenUp: (items) => {
        for (const item of items.toReversed()) this.onLost(item, true);
      },
      onBroken: handlers.onBroken,
    });
    this.pages = new PieceQueue((cursor) => this.sendPage(cursor), handlers.onBroken);
  }

  /** Sends a delivery that nobody waits for. */
  send({ clientId, generation, delivery }: Recipient): void {
    this.put({ clientId, generation, delivery, kind: "plain" });
  }

  /** @param origin its batch waits, unless the delivery is at QoS 0 */
  deliver({ clientId, generation, delivery }: Recipient, origin: Origin): void {
    if (delivery.qos > 0) origin.batch.expect();
    else origin.batch.onTaken(origin.index);
    this.put({ clientId, generation, delivery, origin, kind: "plain" });
  }

  /**
   * Sends a message to the first member of a shared subscription whose client is connected. If there is none, the first
   * keeps it for its client. MQTT 5.0 section 4.8.2.
   *
   * @param mayBeRepeat at QoS 2 it goes to no other member if one has it already, wherever that one's client is
   */
  deliverToGroup(members: readonly Recipient[], origin: Origin, mayBeRepeat: boolean): void {
    const [first] = members;
    if (first === undefined) return;
    if (members.length === 1) {
      this.deliver(first, origin);
      return;
    }
    const { message, sharedFilter } = first.delivery;
    const isOnce = message.id !== "";
    this.begin({
      group: new GroupSearch(members, isOnce && mayBeRepeat ? "asking" : "trying"),
      origin,
      key: isOnce ? `${message.id} ${sharedFilter}` : undefined,
      isAwaited: message.qos > 0,
    });
  }

  /** Sends a message to the first member whose client is connected, if there is one; otherwise the batch's answer stays. */
  offerToGroup(members: readonly Recipient[], origin: Origin): void {
    this.begin({ group: new GroupSearch(members, "offering"), origin, key: undefined, isAwaited: true });
  }

  /**
   * Sends the retained messages of a new subscription, one page after the other, as the session takes them. Other events
   * come between two pages, because each page is a search.
   */
  sendRetained(subscriber: Subscriber): void {
    this.pages.add(this.topic.beginRetained(subscriber));
  }

  /** Sends what is owed again. */
  retryOwed(): void {
    for (const clientId of this.owed.clientIds) this.sendOwed(clientId);
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
      this.put({ ...recipient, next: index === recipients.length - 1 ? next : undefined, kind: "plain" });
    }
  }

  /** Puts a delivery on its lane, or owes it. */
  private put(item: Item): void {
    const { clientId, delivery } = item;
    const isBehind = this.owed.has(clientId);
    if (isBehind && delivery.qos > 0 && this.owed.isWithoutRoom(clientId)) {
      this.onAnswer(item, DeliveryAnswer.QueueFull);
      this.sendOwed(clientId);
    } else if (isBehind || !this.lanes.to(clientId).enqueue(item, sizeOfDelivery(delivery))) {
      this.onLost(item, false);
    }
  }

  private begin(search: Search): void {
    const { origin, isAwaited } = search;
    if (isAwaited) origin.batch.expect();
    else origin.batch.onTaken(origin.index);
    if (this.searches.begin(search)) this.goOn(search);
  }

  /**
   * Asks one member after the other until an answer has to be waited for. Then searches follow that waited for this one.
   * @param isOwedFirst what the search owes is older than what is owed already
   */
  private goOn(first: Search, isOwedFirst = false): void {
    for (let search: Search | undefined = first; search !== undefined; ) {
      const { group, origin, isAwaited } = search;
      const step = group.step;
      if (step.type === "ask" || step.type === "try") {
        const answer = this.ask(search, step.member, step.type === "ask" ? "question" : "refusable");
        if (answer === undefined) return;
        group.next(answer);
        continue;
      }
      if (step.type === "leave") this.deliver(step.member, origin);
      const isKept = step.type === "owe" && this.owe(step.member, origin, isOwedFirst && search === first);
      if (isKept) origin.batch.onTaken(origin.index);
      const next = this.searches.end(search);
      if (isAwaited) origin.batch.done();
      search = next;
    }
  }

  /** @returns the member's answer, if it need not be asked or cannot be */
  private ask(
    search: Search,
    { clientId, generation, delivery }: Recipient,
    kind: "question" | "refusable",
  ): MemberAnswer | undefined {
    // A question delivers nothing that could overtake anything.
    if (kind === "refusable" && this.owed.isWithoutRoom(clientId)) return "refused";
    if (kind === "refusable" && this.owed.has(clientId)) return "lost";
    const isOnLane = this.lanes
      .to(clientId)
      .enqueue({ clientId, generation, kind, delivery, search }, sizeOfDelivery(delivery));
    return isOnLane ? undefined : "lost";
  }

  /** The delivery could not be sent, or nobody knows whether the session got it. */
  private onLost(item: Item, isFirst: boolean): void {
    const { search, origin, owedSequence, next } = item;
    if (search !== undefined) {
      search.group.next("lost");
      this.goOn(search, isFirst);
    } else if (owedSequence !== undefined) {
      this.handlers.onOwed();
    } else {
      finish(item, this.owe(item, origin, isFirst));
    }
    if (next !== undefined) this.pages.add(next);
  }

  /**
   * Keeps a QoS 1 or 2 delivery for later; then it is as good as delivered. QoS 0 is dropped, and counted.
   * @param isFirst it is older than what is owed already
   * @returns whether nobody has to care for it any longer
   */
  private owe({ clientId, generation, delivery }: Recipient, origin: Origin | undefined, isFirst: boolean): boolean {
    if (delivery.qos === 0) {
      this.droppedMessages += 1;
      return true;
    }
    const outcome = this.owed.put(clientId, { generation, delivery, kind: "plain" }, isFirst);
    if (outcome === "kept") this.handlers.onOwed();
    else this.droppedMessages += 1;
    if (outcome === "full") origin?.batch.onRefused(origin.index);
    // An MQTT 3.x publisher cannot hear a refusal: it would take any answer for a promise that the message is kept.
    else if (outcome === "failed") origin?.batch.onFailed(origin.index);
    return outcome === "kept";
  }

  private onAnswers(items: readonly Item[], answers: readonly number[]): void {
    for (const [index, item] of items.entries()) this.onAnswer(item, answers[index] ?? DeliveryAnswer.Accepted);
    const [first] = items;
    if (first === undefined || !this.owed.has(first.clientId)) return;
    if (!this.owed.isWithoutRoom(first.clientId)) this.sendOwed(first.clientId);
    // Its client may soon take what fills the queue, or not for long. If it took some just now, the next try is soon.
    else this.handlers.onOwed();
  }

  private onAnswer(item: Item, answer: number): void {
    const { owedSequence, clientId, search, next } = item;
    const origin = search?.origin ?? item.origin;
    if (owedSequence !== undefined && answer === DeliveryAnswer.QueueFull) {
      // The publisher has its acknowledgement: the message stays.
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
    if (next !== undefined) {
      if (answer === DeliveryAnswer.Stale) this.topic.endRetained(next);
      else this.pages.add(next);
    }
    if (search === undefined) {
      finish(item, answer === DeliveryAnswer.Accepted);
    } else {
      if (answer === DeliveryAnswer.Accepted) search.origin.batch.onTaken(search.origin.index);
      search.group.next(this.memberAnswer(item, answer));
      this.goOn(search);
    }
  }

  private memberAnswer({ kind, clientId }: Item, answer: number): MemberAnswer {
    // What its session does not have, it may be owed.
    const isUnsure = kind === "question" && this.owed.has(clientId);
    switch (answer) {
      case DeliveryAnswer.Accepted:
        return "accepted";
      case DeliveryAnswer.Refused:
        return isUnsure ? "lost" : "refused";
      case DeliveryAnswer.Stale:
        return isUnsure ? "lost" : "session over";
      default:
        return "queue full";
    }
  }

  private sendOwed(clientId: string): void {
    const lane = this.lanes.to(clientId);
    if (!lane.isIdle) return;
    for (const { sequence, delivery } of this.owed.next(clientId, owedPage)) {
      const item = { ...delivery, kind: "owed", clientId, owedSequence: sequence } as const;
      // What does not fit follows: the order must hold.
      if (!lane.enqueue(item, sizeOfDelivery(delivery.delivery))) return;
    }
  }
}

/** The batch no longer waits for this delivery. */
function finish({ origin, delivery }: Item, isTaken: boolean): void {
  if (origin === undefined || delivery.qos === 0) return;
  if (isTaken) origin.batch.onTaken(origin.index);
  origin.batch.done();
}
