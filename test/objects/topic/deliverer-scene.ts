// A topic object's inside without the object: sessions are functions that answer what the test says.

import { vi } from "vitest";
import { allCapabilities } from "../../../src/core/capabilities.ts";
import { defaultLimits } from "../../../src/core/limits.ts";
import type { Message, QoS } from "../../../src/core/message/message.ts";
import { DeliveryAnswer } from "../../../src/core/topic/delivery-question.ts";
import { Topic } from "../../../src/core/topic/topic.ts";
import { decodeSessionDeliveries } from "../../../src/core/topic/topic-request.ts";
import type { Subscriber } from "../../../src/core/topic/topic-store.ts";
import { Deliverer } from "../../../src/objects/topic/deliverer.ts";
import { OpenBatch } from "../../../src/objects/topic/open-batch.ts";
import { OwedTable } from "../../../src/objects/topic/owed-table.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

type Received = { readonly clientId: string; readonly payload: string };

/** What a session does with a delivery. */
export type Answer = number | "out of reach";
type Answering = Answer | ((payload: string, isQuestion: boolean) => Answer | Promise<Answer>);

export class DelivererScene {
  readonly store = new MemoryTopicStore();
  readonly topic = new Topic(this.store, { limits: defaultLimits, capabilities: allCapabilities }, () =>
    this.#randomId(),
  );
  readonly owed: OwedTable;
  readonly deliverer: Deliverer;
  /** What sessions have taken, in order. */
  readonly received: Received[] = [];
  /** By client identifier; a session that is not named takes everything. */
  readonly answers = new Map<string, Answering>();
  readonly onOwed = vi.fn();
  readonly onBroken = vi.fn();
  #randomCount = 0;

  constructor({ maximumOwedMessages = 1_000 } = {}) {
    this.owed = new OwedTable(this.store, maximumOwedMessages, 100);
    this.deliverer = new Deliverer(this.topic, this.owed, {
      sessionOf: (clientId) => ({
        deliver: (_lane, _sequence, batch) => this.#deliver(clientId, batch),
      }),
      onOwed: this.onOwed,
      onBroken: this.onBroken,
    });
  }

  /** The payloads that a session has taken. */
  payloadsOf(clientId: string): string[] {
    return this.received.filter((each) => each.clientId === clientId).map(({ payload }) => payload);
  }

  /** @param asksForRetained whether the test goes on to `sendRetained` */
  subscribe(clientId: string, topicFilter: string, qos: QoS = 2, asksForRetained = false): Subscriber {
    const options = { qos, noLocal: false, retainAsPublished: false, subscriptionIdentifier: 0 };
    const subscription = { topicFilter, ...options };
    const subscriber = this.topic.subscribe(clientId, `life-of-${clientId}`, subscription, {
      sendRetained: asksForRetained,
    });
    if (typeof subscriber === "number") throw new Error(`refused: ${subscriber}`);
    return subscriber;
  }

  unsubscribe(clientId: string, topicFilter: string): void {
    this.topic.unsubscribe(clientId, `life-of-${clientId}`, topicFilter);
  }

  /** Resolves with the reason code when all that is owed has been taken. */
  async publish(payload: string, qos: QoS = 1, mayBeRepeat = false): Promise<number | undefined> {
    const route = this.#put("t", payload, qos, false);
    const batch = new OpenBatch(1);
    batch.answers[0] = 0x10;
    for (const recipient of route.recipients) this.deliverer.deliver(recipient, { batch, index: 0 });
    for (const members of route.groups) this.deliverer.deliverToGroup(members, { batch, index: 0 }, mayBeRepeat);
    batch.done();
    return (await batch.whenComplete)[0];
  }

  /** A member of `$share/g/t` gives a message away; resolves with what its session is answered. */
  async redistribute(clientId: string, payload: string, { isOrphaned = false } = {}): Promise<number | undefined> {
    const [message, generation] = [this.#message("t", payload, 1, false), `life-of-${clientId}`];
    const request = { type: "redistribute", generation, topicFilter: "$share/g/t", message, isOrphaned } as const;
    const members = this.topic.redistribute(clientId, request, 0);
    const batch = new OpenBatch(1);
    batch.answers[0] = 0x10;
    if (isOrphaned) this.deliverer.deliverToGroup(members, { batch, index: 0 }, false);
    else this.deliverer.offerToGroup(members, { batch, index: 0 });
    batch.done();
    return (await batch.whenComplete)[0];
  }

  /** `publish`, whose answer may be looked at before it is there. */
  published(payload: string, qos: QoS = 1, mayBeRepeat = false): { code: number | undefined } {
    const outcome: { code: number | undefined } = { code: undefined };
    void this.publish(payload, qos, mayBeRepeat).then((code) => {
      outcome.code = code;
    });
    return outcome;
  }

  /** Retained messages `r/000`, `r/001`, … whose payloads are their numbers. */
  retain(count: number): string[] {
    const numbers = Array.from({ length: count }, (_, index) => String(index).padStart(3, "0"));
    for (const number of numbers) this.#put(`r/${number}`, number, 1, true);
    return numbers;
  }

  #message(topicName: string, text: string, qos: QoS, retain: boolean): Message {
    const payload = new TextEncoder().encode(text);
    return {
      id: qos === 2 ? `1-${text}` : "",
      topicName,
      qos,
      retain,
      expiresAtMs: 0,
      properties: new Uint8Array(),
      payload,
    };
  }

  #put(topicName: string, text: string, qos: QoS, retain: boolean) {
    const route = this.topic.publish("publisher", this.#message(topicName, text, qos, retain), 0);
    if (typeof route === "number") throw new Error(`refused: ${route}`);
    return route;
  }

  async #deliver(clientId: string, batch: Uint8Array): Promise<number[]> {
    const codes: number[] = [];
    for (const { delivery, kind } of decodeSessionDeliveries(batch)) {
      const payload = new TextDecoder().decode(delivery.message.payload);
      const answering = this.answers.get(clientId) ?? DeliveryAnswer.Accepted;
      const answer = typeof answering === "function" ? await answering(payload, kind === "question") : answering;
      if (answer === "out of reach") throw new Error("out of reach");
      const isTaken =
        answer === DeliveryAnswer.Accepted ||
        (answer === DeliveryAnswer.Refused && kind !== "refusable" && kind !== "question");
      if (isTaken) this.received.push({ clientId, payload });
      codes.push(isTaken ? DeliveryAnswer.Accepted : answer);
    }
    return codes;
  }

  #randomId(): string {
    this.#randomCount += 1;
    return `random${this.#randomCount}`;
  }
}

/** An answer that the test gives when it is time. */
export function later(): { readonly answer: () => Promise<Answer>; readonly give: (answer: Answer) => void } {
  let give: (answer: Answer) => void = () => {};
  const promise = new Promise<Answer>((resolve) => {
    give = resolve;
  });
  return { answer: () => promise, give };
}
