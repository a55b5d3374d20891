// The control packets as the core sees them: decoded, checked, and the same for every protocol version.
// MQTT 5.0 chapter 3. If a version lacks a field, it has the value that means "absent".

import type { Capabilities } from "../capabilities.ts";
import type { Delivery, QoS } from "../message/message.ts";
import type { ReasonCode } from "./reason-code.ts";

/** 3 is MQTT 3.1 ("MQIsdp"), 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** The Will of a CONNECT. Section 3.1.3.2 to 3.1.3.4. */
export type ConnectWill = {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Will Delay Interval; 0 before MQTT 5.0. */
  readonly delaySec: number;
  /** Message Expiry Interval, if there is one. */
  readonly messageExpirySec: number | undefined;
  /** As `Message.properties`. */
  readonly properties: Uint8Array;
};

export type ConnectPacket = {
  readonly type: "CONNECT";
  readonly protocolVersion: ProtocolVersion;
  /** The protocol level has the bit by which a bridge of MQTT 3.x says what it is; 5.0 has no such bit. */
  readonly isBridge: boolean;
  /** Clean Start (5.0) or Clean Session (3.x). */
  readonly cleanStart: boolean;
  /** Seconds; 0 is off. */
  readonly keepAliveSec: number;
  /** Empty when the server is to assign one. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly will: ConnectWill | undefined;
  /** Session Expiry Interval; `undefined` when absent or before 5.0. 0xFFFFFFFF never expires. */
  readonly sessionExpirySec: number | undefined;
  /** Receive Maximum; `undefined` when absent. */
  readonly receiveMaximum: number | undefined;
  /** Maximum Packet Size in bytes; `undefined` when absent. */
  readonly maximumPacketBytes: number | undefined;
  /** Topic Alias Maximum; 0 when absent. */
  readonly topicAliasMaximum: number;
  readonly requestResponseInformation: boolean;
  /** True when absent, as the specification says. */
  readonly requestProblemInformation: boolean;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
};

export type PublishPacket = {
  readonly type: "PUBLISH";
  readonly dup: boolean;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Empty when the Topic Alias stands for it. */
  readonly topicName: string;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly topicAlias: number | undefined;
  readonly messageExpirySec: number | undefined;
  /** As `Message.properties`. */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
  /** False if the Payload Format Indicator promises UTF-8 and the payload is none. */
  readonly isPayloadAsIndicated: boolean;
};

/** One entry of a SUBSCRIBE. Section 3.8.3. */
export type SubscriptionRequest = {
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
};

export type SubscribePacket = {
  readonly type: "SUBSCRIBE";
  readonly packetId: number;
  readonly subscriptionIdentifier: number | undefined;
  readonly subscriptions: readonly SubscriptionRequest[];
};

export type UnsubscribePacket = {
  readonly type: "UNSUBSCRIBE";
  readonly packetId: number;
  readonly topicFilters: readonly string[];
};

/** PUBACK, PUBREC, PUBREL and PUBCOMP, in both directions. `reasonString` is only sent, never read. */
export type AcknowledgementPacket = {
  readonly type: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP";
  readonly packetId: number;
  readonly reasonCode: number;
  readonly reasonString?: string | undefined;
};

export type DisconnectPacket = {
  readonly type: "DISCONNECT";
  readonly reasonCode: number;
  /** From the client only [MQTT-3.14.2-2]. */
  readonly sessionExpirySec?: number | undefined;
  readonly reasonString?: string;
};

/** Section 3.15, in both directions. Without a method, which may be missing only from a success, it is refused. */
export type AuthPacket = {
  readonly type: "AUTH";
  readonly reasonCode: number;
  readonly authenticationMethod: string;
  readonly authenticationData: Uint8Array | undefined;
};

/** What a client may send. */
export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | UnsubscribePacket
  | { readonly type: "PINGREQ" }
  | DisconnectPacket
  | AuthPacket;

/** Section 3.2. Fields left out are not sent; all but the first two are for MQTT 5.0 alone. */
export type ConnackPacket = {
  readonly type: "CONNACK";
  readonly sessionPresent: boolean;
  readonly reasonCode: ReasonCode;
  readonly reasonString?: string;
  readonly sessionExpirySec?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketBytes?: number;
  readonly assignedClientId?: string;
  readonly topicAliasMaximum?: number;
  readonly serverKeepAliveSec?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
} & Partial<Capabilities>;

/** A PUBLISH to the client. */
export type DeliverPacket = {
  readonly type: "DELIVER";
  readonly delivery: Delivery;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly dup: boolean;
  /** The alias to send, if any, and whether the client knows it already, so that the topic name is left out. */
  readonly topicAlias?: { readonly alias: number; readonly known: boolean } | undefined;
};

/** What the server sends. */
export type ServerPacket =
  | ConnackPacket
  | DeliverPacket
  | AcknowledgementPacket
  | {
      readonly type: "SUBACK" | "UNSUBACK";
      readonly packetId: number;
      readonly reasonCodes: readonly number[];
      readonly reasonString?: string;
    }
  | { readonly type: "PINGRESP" }
  | DisconnectPacket
  | AuthPacket;
