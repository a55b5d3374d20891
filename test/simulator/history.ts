// What clients did and received, for the judge. A moment is a number that grows with every event, so events of the same
// millisecond still have an order.

import type { QoS } from "../../src/core/message/message.ts";

export type Moment = number;

/** "open": whether the broker has it is not known. */
export type PublicationState = "open" | "acknowledged" | "refused";

export type Publication = {
  /** Names it everywhere: no two are the same. */
  readonly payload: string;
  readonly publisher: string;
  /** Counts what its publisher publishes. */
  readonly number: number;
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Clears the retained message: there is no payload to recognise it by. */
  readonly isEmpty: boolean;
  readonly mayExpire: boolean;
  /** A session may refuse it. A client that does not learn of that sends the message again, as a new one. */
  readonly mayBeRefused: boolean;
  /** Its acknowledgement is a promise: before MQTT 5.0 there is no other answer, even to a message that is refused. */
  readonly isBinding: boolean;
  readonly sentAt: Moment;
  state: PublicationState;
  answeredAt: Moment;
};

/** One life of a client's session: from a CONNECT that begins one until another that does. */
export type Life = {
  readonly clientId: string;
  readonly number: number;
  readonly isDurable: boolean;
  readonly subscriptions: Subscription[];
  /** Filters that the broker may know, whether or not its answer came, each with the lowest QoS that it may have granted. */
  readonly asked: Map<string, QoS>;
  readonly receipts: Receipt[];
  /** Infinity while nothing has ended it. */
  endedAt: Moment;
};

/** What SUBACK has granted, until the client begins to change it. */
export type Subscription = {
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly from: Moment;
  to: Moment;
  /** The client has asked for it again, and has not unsubscribed: the broker holds one or the other. */
  isRenewed: boolean;
};

export type Receipt = {
  readonly payload: string;
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly at: Moment;
};

/** The Will of one connection. */
export type WillRecord = {
  readonly payload: string;
  readonly clientId: string;
  readonly topicName: string;
  readonly qos: QoS;
  readonly delaySec: number;
  readonly retain: boolean;
  readonly sentAt: Moment;
  /** As of a publication. */
  readonly mayBeRefused: boolean;
  /** CONNACK came. */
  isSet: boolean;
  /** Whether it must be published: "may" if the client cannot know. */
  fate: "must" | "may" | "must not";
};

/** Goes on with every event, for all histories of a run. */
export type Moments = { now: Moment };

/** What has happened in one namespace. */
export class History {
  readonly #moments: Moments;
  readonly publications = new Map<string, Publication>();
  readonly wills: WillRecord[] = [];
  readonly lives: Life[] = [];

  constructor(moments: Moments) {
    this.#moments = moments;
  }

  get moment(): Moment {
    return this.#moments.now;
  }

  publish(fields: Omit<Publication, "state" | "answeredAt" | "sentAt">): Publication {
    const publication: Publication = {
      ...fields,
      sentAt: this.moment,
      state: "open",
      answeredAt: Number.POSITIVE_INFINITY,
    };
    this.publications.set(publication.payload, publication);
    return publication;
  }

  answer(publication: Publication, isRefused: boolean): void {
    publication.state = isRefused ? "refused" : "acknowledged";
    publication.answeredAt = this.moment;
  }

  beginLife(clientId: string, isDurable: boolean): Life {
    const number = this.lives.filter((life) => life.clientId === clientId).length + 1;
    const life: Life = {
      clientId,
      number,
      isDurable,
      subscriptions: [],
      asked: new Map(),
      receipts: [],
      endedAt: Number.POSITIVE_INFINITY,
    };
    this.lives.push(life);
    return life;
  }

  endLife(life: Life): void {
    life.endedAt = Math.min(life.endedAt, this.moment);
    for (const { topicFilter } of life.subscriptions) this.endSubscription(life, topicFilter);
  }

  subscribed(life: Life, topicFilter: string, qos: QoS): void {
    life.subscriptions.push({ topicFilter, qos, from: this.moment, to: Number.POSITIVE_INFINITY, isRenewed: false });
  }

  /** @param qos `undefined` for UNSUBSCRIBE */
  asked(life: Life, topicFilter: string, qos: QoS | undefined): void {
    const lowest = life.asked.get(topicFilter) ?? 2;
    life.asked.set(topicFilter, qos === undefined || lowest < qos ? lowest : qos);
    this.endSubscription(life, topicFilter, qos !== undefined);
  }

  /** The client begins to change it: from here on nothing is promised of it alone. */
  endSubscription(life: Life, topicFilter: string, isRenewed = false): void {
    for (const subscription of life.subscriptions) {
      if (subscription.topicFilter !== topicFilter) continue;
      if (subscription.to === Number.POSITIVE_INFINITY) subscription.isRenewed = isRenewed;
      // What the broker holds is unknown: a new one, or none.
      else if (!isRenewed) subscription.isRenewed = false;
      subscription.to = Math.min(subscription.to, this.moment);
    }
  }
}
