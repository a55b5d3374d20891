// Messages and deliveries as bytes: how they are stored and how they travel between objects. This is not MQTT's own
// form, because it has to carry what a PUBLISH does not: the message id, and the instant of expiry.
//
// Each starts with a format version, because stored data outlives the program that stored it.

import { ByteReader, ByteWriter } from "../bytes.ts";
import type { Delivery, Message, QoS } from "./message.ts";

const FORMAT_VERSION = 1;

// The byte of flags that message and delivery both begin with.
const QOS_MASK = 0b0000_0011;
const RETAIN = 0b0000_0100;
/** Whether the message has an identity, and an expiry, which take room only if they are there. */
const HAS_ID = 0b0000_1000;
const HAS_EXPIRY = 0b0001_0000;
/** The delivery came by a shared subscription, whose filter follows. */
const HAS_SHARED_FILTER = 0b0010_0000;

/** Shared by the encoders, which finish before they return: its buffer is then allocated once. */
const sharedWriter = new ByteWriter(1024);

export function writeMessage(writer: ByteWriter, message: Message): void {
  writer.u8(FORMAT_VERSION);
  writer.u8(
    message.qos |
      (message.retain ? RETAIN : 0) |
      (message.id === "" ? 0 : HAS_ID) |
      (message.expiresAtMs === 0 ? 0 : HAS_EXPIRY),
  );
  if (message.id !== "") writer.string(message.id);
  if (message.expiresAtMs !== 0) writer.u53(message.expiresAtMs);
  writer.string(message.topicName);
  writer.bytes(message.properties);
  writer.bytes(message.payload);
}

/** The payload and the properties of the answer are views of the reader's bytes. */
export function readMessage(reader: ByteReader): Message {
  readFormatVersion(reader);
  const flags = reader.u8();
  return {
    id: flags & HAS_ID ? reader.string() : "",
    expiresAtMs: flags & HAS_EXPIRY ? reader.u53() : 0,
    topicName: reader.string(),
    qos: (flags & QOS_MASK) as QoS,
    retain: (flags & RETAIN) !== 0,
    properties: reader.bytes(),
    payload: reader.bytes(),
  };
}

export function writeDelivery(writer: ByteWriter, delivery: Delivery): void {
  writer.u8(FORMAT_VERSION);
  const isShared = delivery.sharedFilter !== "";
  writer.u8(delivery.qos | (delivery.retain ? RETAIN : 0) | (isShared ? HAS_SHARED_FILTER : 0));
  if (isShared) writer.string(delivery.sharedFilter);
  writer.varint(delivery.subscriptionIdentifiers.length);
  for (const identifier of delivery.subscriptionIdentifiers) writer.varint(identifier);
  writeMessage(writer, delivery.message);
}

/** As `readMessage`, for a delivery. */
export function readDelivery(reader: ByteReader): Delivery {
  readFormatVersion(reader);
  const flags = reader.u8();
  const sharedFilter = flags & HAS_SHARED_FILTER ? reader.string() : "";
  const subscriptionIdentifiers: number[] = [];
  for (let count = reader.varint(); count > 0; count--) subscriptionIdentifiers.push(reader.varint());
  return {
    qos: (flags & QOS_MASK) as QoS,
    retain: (flags & RETAIN) !== 0,
    subscriptionIdentifiers,
    sharedFilter,
    message: readMessage(reader),
  };
}

/** A retained message, and behind it the client that published it: an older version reads it as a message alone. */
export function encodeRetained(message: Message, publisherId: string): Uint8Array<ArrayBuffer> {
  sharedWriter.clear();
  writeMessage(sharedWriter, message);
  sharedWriter.string(publisherId);
  return sharedWriter.finish();
}

/**
 * The payload and the properties of the answer are views of `bytes`.
 * @returns `publisherId` is empty if an older version has stored the message
 */
export function decodeRetained(bytes: Uint8Array): { message: Message; publisherId: string } {
  const reader = new ByteReader(bytes);
  const message = readMessage(reader);
  return { message, publisherId: reader.remaining === 0 ? "" : reader.string() };
}

export function encodeDelivery(delivery: Delivery): Uint8Array<ArrayBuffer> {
  sharedWriter.clear();
  writeDelivery(sharedWriter, delivery);
  return sharedWriter.finish();
}

/** As `decodeRetained`, for a delivery. */
export function decodeDelivery(bytes: Uint8Array): Delivery {
  return readDelivery(new ByteReader(bytes));
}

function readFormatVersion(reader: ByteReader): void {
  const version = reader.u8();
  if (version !== FORMAT_VERSION) throw new Error(`stored with format ${version}, and only ${FORMAT_VERSION} is known`);
}
