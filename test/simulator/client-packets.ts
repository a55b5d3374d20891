// What a client of the simulator is like, and the packets that follow from it, as mqtt-packet wants them.

import type { QoS } from "../../src/core/message/message.ts";
import type { Publication, WillRecord } from "./history.ts";

export type Profile = {
  readonly namespace: string;
  readonly clientId: string;
  readonly version: 3 | 4 | 5;
  readonly isRelayed: boolean;
  readonly keepAliveSec: number;
  /** How long the session outlives a connection; for 3.x, whose sessions never end, only whether it does. */
  readonly expirySec: number;
  readonly receiveMaximum: number;
  readonly topicAliasMaximum: number;
  /** It acknowledges after so long at most. */
  readonly slownessMs: number;
};

export type WillWish = { readonly qos: QoS; readonly delaySec: number; readonly retain: boolean };

export function connectOf(profile: Profile, clean: boolean, will: WillRecord | undefined): object {
  const { version, clientId, keepAliveSec, expirySec, receiveMaximum, topicAliasMaximum } = profile;
  const isOld = version !== 5;
  return {
    cmd: "connect",
    clientId,
    protocolVersion: version,
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    clean,
    keepalive: keepAliveSec,
    ...(will === undefined ? {} : { will: willOf(will, isOld) }),
    ...(isOld ? {} : { properties: { sessionExpiryInterval: expirySec, receiveMaximum, topicAliasMaximum } }),
  };
}

export function publishOf(
  { topicName, qos, retain, isEmpty, payload }: Publication,
  messageId: number,
  expirySec: number | undefined,
  isRepeat: boolean,
): object {
  const properties = expirySec === undefined ? {} : { properties: { messageExpiryInterval: expirySec } };
  const dup = isRepeat && qos > 0;
  return {
    cmd: "publish",
    topic: topicName,
    payload: isEmpty ? "" : payload,
    qos,
    retain,
    dup,
    messageId,
    ...properties,
  };
}

/** What a trace is read for, beside the line that packets have everywhere. */
export function detailOf(packet: { cmd?: string; clean?: boolean; will?: { payload: Buffer } }): string {
  const { subscriptions, unsubscriptions } = packet as { subscriptions?: object[]; unsubscriptions?: string[] };
  const filters = subscriptions ?? unsubscriptions;
  if (filters !== undefined) return ` ${JSON.stringify(filters)}`;
  if (packet.cmd !== "connect") return "";
  return `${packet.clean ? " clean" : ""}${packet.will === undefined ? "" : ` with ${packet.will.payload}`}`;
}

function willOf({ topicName, payload, qos, retain, delaySec }: WillRecord, isOld: boolean): object {
  const properties = isOld ? {} : { properties: { willDelayInterval: delaySec } };
  return { topic: topicName, payload: Buffer.from(payload), qos, retain, ...properties };
}
