// What a session asks of a topic object, and what a topic object delivers to a session: the items of their two lanes,
// and the bytes of their batches.

import { ByteReader, ByteWriter } from "../bytes.ts";
import { type Delivery, type Message, type QoS, withSkew } from "../message/message.ts";
import { readDelivery, readMessage, writeDelivery, writeMessage } from "../message/message-codec.ts";
import { bitsOf, type DeliveryKind, kindOf } from "./delivery-question.ts";

/** A subscription as a topic object keeps it. */
export type TopicSubscription = {
  /** As the client wrote it, `$share/…` included. */
  readonly topicFilter: string;
  /** Granted. */
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly subscriptionIdentifier: number;
};

/** Who asks, as far as a topic object has to know: for what is retained, and for subscriptions. */
export type Requester = {
  /** Who holds what comes of it: see `holderOf`. */
  readonly holder: string;
  /** Whether a refusal is heard: at MQTT 3.x, at QoS 0 and by the owner of a Will it is not. */
  readonly hearsRefusals: boolean;
};

/** Whether both subscriptions have the same filter and options. */
export function isSameSubscription(one: TopicSubscription, other: TopicSubscription): boolean {
  return (
    one.topicFilter === other.topicFilter &&
    one.qos === other.qos &&
    one.noLocal === other.noLocal &&
    one.retainAsPublished === other.retainAsPublished &&
    one.subscriptionIdentifier === other.subscriptionIdentifier
  );
}

/**
 * Each is answered with a reason code, or, if it says who asks, with an answer (see `answerOf`). A `generation` names one
 * life of a session's state: what an older life left behind is recognised by it.
 */
export type TopicRequest =
  | { readonly type: "publish"; readonly message: Message; readonly by?: Requester | undefined }
  /** A QoS 2 message that was published before, without an answer: some may have it. */
  | { readonly type: "publish again"; readonly message: Message; readonly by?: Requester | undefined }
  | {
      readonly type: "subscribe";
      readonly generation: string;
      readonly subscription: TopicSubscription;
      /** Retain Handling, decided: whether to send the retained messages. */
      readonly sendRetained: boolean;
      readonly by?: Requester | undefined;
    }
  | { readonly type: "unsubscribe"; readonly generation: string; readonly topicFilter: string }
  /** This life of the session is over: its subscriptions go. */
  | { readonly type: "end"; readonly generation: string }
  | RedistributeRequest;

/** A message of a shared subscription, for another of its members. Section 4.8.2. */
export type RedistributeRequest = {
  readonly type: "redistribute";
  readonly generation: string;
  /** The topic filter of the shared subscription. */
  readonly topicFilter: string;
  readonly message: Message;
  /** Whether its session is over. Then a member keeps it if no member's client is connected; if not, the session does. */
  readonly isOrphaned: boolean;
};

/** A delivery on its way to one life of one session. */
export type SessionDelivery = {
  readonly generation: string;
  readonly kind: DeliveryKind;
  readonly delivery: Delivery;
};

const requestKinds = ["publish", "subscribe", "unsubscribe", "end", "redistribute", "publish again"] as const;
const noLocalBit = 0b0100;
const retainAsPublishedBit = 0b1000;
const sendRetainedBit = 0b1_0000;
const hearsRefusalsBit = 0b1;

/** About how many bytes of a batch, and of a queue, an item takes. */
export function sizeOfMessage(message: Message): number {
  return message.payload.length + message.properties.length + message.topicName.length + 64;
}

/** The same for a delivery. */
export function sizeOfDelivery({ message, sharedFilter }: Delivery): number {
  return sizeOfMessage(message) + sharedFilter.length;
}

export function sizeOfRequest(request: TopicRequest): number {
  switch (request.type) {
    case "publish":
    case "publish again":
      return sizeOfMessage(request.message);
    case "subscribe":
      return request.subscription.topicFilter.length + 64;
    case "unsubscribe":
      return request.topicFilter.length + 64;
    case "end":
      return 64;
    case "redistribute":
      return sizeOfMessage(request.message) + request.topicFilter.length + 64;
  }
}

/** Shared by the encoders of batches, which finish before they return: its buffer is then allocated once. */
const batchWriter = new ByteWriter(1024);

export function encodeTopicRequests(requests: readonly TopicRequest[]): Uint8Array {
  const writer = batchWriter;
  writer.clear();
  writer.varint(requests.length);
  for (const request of requests) {
    writer.u8(requestKinds.indexOf(request.type));
    if (request.type === "publish" || request.type === "publish again") {
      writeMessage(writer, request.message);
      continue;
    }
    writer.string(request.generation);
    if (request.type === "unsubscribe") writer.string(request.topicFilter);
    if (request.type === "subscribe") writeSubscription(writer, request.subscription, request.sendRetained);
    if (request.type === "redistribute") writeRedistribution(writer, request);
  }
  writeRequesters(writer, requests);
  return writer.finish();
}

function requesterOf(request: TopicRequest): Requester | undefined {
  return "by" in request ? request.by : undefined;
}

/**
 * Who asks, behind the requests: a version that does not know of it does not look there. Each requester comes with how many
 * requests in a row are its own or do not say whose they are. Nothing is written if no request says who asks.
 */
function writeRequesters(writer: ByteWriter, requests: readonly TopicRequest[]): void {
  let present: Requester | undefined;
  let count = 0;
  for (const request of requests) {
    const by = requesterOf(request);
    if (by !== undefined && present !== undefined && !isSame(by, present)) {
      writeRun(writer, present, count);
      count = 0;
    }
    present = by ?? present;
    count += 1;
  }
  if (present !== undefined) writeRun(writer, present, count);
}

function isSame(one: Requester, other: Requester): boolean {
  return one === other || (one.holder === other.holder && one.hearsRefusals === other.hearsRefusals);
}

function writeRun(writer: ByteWriter, { holder, hearsRefusals }: Requester, count: number): void {
  writer.string(holder);
  writer.u8(hearsRefusals ? hearsRefusalsBit : 0);
  writer.varint(count);
}

/** @param skewMs how far the clock here is ahead of the sender's: see `clockSkewMs` */
export function decodeTopicRequests(bytes: Uint8Array, skewMs = 0): TopicRequest[] {
  const reader = new ByteReader(bytes);
  const requests: TopicRequest[] = [];
  for (let count = reader.varint(); count > 0; count -= 1) {
    const request = readTopicRequest(reader);
    const isToShift = skewMs !== 0 && "message" in request;
    requests.push(isToShift ? { ...request, message: withSkew(request.message, skewMs) } : request);
  }
  return reader.remaining === 0 ? requests : withRequesters(requests, reader);
}

function withRequesters(requests: readonly TopicRequest[], reader: ByteReader): TopicRequest[] {
  const all: TopicRequest[] = [];
  while (reader.remaining > 0) {
    const by = { holder: reader.string(), hearsRefusals: (reader.u8() & hearsRefusalsBit) !== 0 };
    for (const request of requests.slice(all.length, all.length + reader.varint())) {
      all.push(isAskedFor(request) ? { ...request, by } : request);
    }
  }
  return [...all, ...requests.slice(all.length)];
}

/** Whether it matters who asks for it. */
function isAskedFor(request: TopicRequest): request is Extract<TopicRequest, { by?: Requester | undefined }> {
  if (request.type === "subscribe") return true;
  return (request.type === "publish" || request.type === "publish again") && request.message.retain;
}

export function encodeSessionDeliveries(items: readonly SessionDelivery[]): Uint8Array {
  const writer = batchWriter;
  writer.clear();
  writer.varint(items.length);
  for (const item of items) writeSessionDelivery(writer, item);
  return writer.finish();
}

/** @param skewMs as for `decodeTopicRequests` */
export function decodeSessionDeliveries(bytes: Uint8Array, skewMs = 0): SessionDelivery[] {
  const reader = new ByteReader(bytes);
  const deliveries: SessionDelivery[] = [];
  for (let count = reader.varint(); count > 0; count -= 1) {
    const item = readSessionDelivery(reader);
    const { delivery } = item;
    const message = withSkew(delivery.message, skewMs);
    deliveries.push(message === delivery.message ? item : { ...item, delivery: { ...delivery, message } });
  }
  return deliveries;
}

export function encodeSessionDelivery(item: SessionDelivery): Uint8Array {
  const writer = new ByteWriter(256);
  writeSessionDelivery(writer, item);
  return writer.finish();
}

export function decodeSessionDelivery(bytes: Uint8Array): SessionDelivery {
  return readSessionDelivery(new ByteReader(bytes));
}

function writeSessionDelivery(writer: ByteWriter, item: SessionDelivery): void {
  writer.string(item.generation);
  writer.u8(bitsOf(item.kind));
  writeDelivery(writer, item.delivery);
}

function readSessionDelivery(reader: ByteReader): SessionDelivery {
  const generation = reader.string();
  const kind = kindOf(reader.u8());
  return { generation, kind, delivery: readDelivery(reader) };
}

function writeSubscription(writer: ByteWriter, subscription: TopicSubscription, sendRetained: boolean): void {
  writer.string(subscription.topicFilter);
  writer.u8(
    subscription.qos |
      (subscription.noLocal ? noLocalBit : 0) |
      (subscription.retainAsPublished ? retainAsPublishedBit : 0) |
      (sendRetained ? sendRetainedBit : 0),
  );
  writer.varint(subscription.subscriptionIdentifier);
}

function writeRedistribution(writer: ByteWriter, request: RedistributeRequest): void {
  writer.string(request.topicFilter);
  writer.u8(request.isOrphaned ? 1 : 0);
  writeMessage(writer, request.message);
}

function readTopicRequest(reader: ByteReader): TopicRequest {
  const type = requestKinds[reader.u8()];
  switch (type) {
    case "publish":
    case "publish again":
      return { type, message: readMessage(reader) };
    case "subscribe": {
      const generation = reader.string();
      const topicFilter = reader.string();
      const options = reader.u8();
      const subscription = {
        topicFilter,
        qos: (options & 0b11) as QoS,
        noLocal: (options & noLocalBit) !== 0,
        retainAsPublished: (options & retainAsPublishedBit) !== 0,
        subscriptionIdentifier: reader.varint(),
      };
      return { type, generation, subscription, sendRetained: (options & sendRetainedBit) !== 0 };
    }
    case "unsubscribe":
      return { type, generation: reader.string(), topicFilter: reader.string() };
    case "end":
      return { type, generation: reader.string() };
    case "redistribute":
      return {
        type,
        generation: reader.string(),
        topicFilter: reader.string(),
        isOrphaned: reader.u8() === 1,
        message: readMessage(reader),
      };
    default:
      throw new Error("a batch of topic requests holds a kind that this version does not know");
  }
}
