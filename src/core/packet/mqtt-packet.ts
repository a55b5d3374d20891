// The only file that knows the library mqtt-packet: it puts plain types in front of it, and Uint8Array instead of
// Buffer. The library is lenient, so a packet comes here only after codec.ts has checked it field by field.

import { parser, writeToStream } from "mqtt-packet";
import { ByteWriter } from "../bytes.ts";
import { ProtocolError } from "../protocol-error.ts";
import type { ProtocolVersion } from "./packet.ts";
import { ReasonCode } from "./reason-code.ts";

/** What the library calls a packet of each type, as far as it is used here. */
export type ParsedConnect = {
  protocolVersion: ProtocolVersion;
  clean: boolean;
  keepalive: number;
  clientId: string;
  username?: string;
  password?: Uint8Array;
  will?: { topic: string; payload: Uint8Array; qos: 0 | 1 | 2; retain: boolean };
  properties?: {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumPacketSize?: number;
    topicAliasMaximum?: number;
    requestResponseInformation?: boolean;
    requestProblemInformation?: boolean;
    authenticationMethod?: string;
    authenticationData?: Uint8Array;
  };
};

export type ParsedSubscribe = {
  messageId: number;
  subscriptions: { topic: string; qos: 0 | 1 | 2; nl?: boolean; rap?: boolean; rh?: 0 | 1 | 2 }[];
  properties?: { subscriptionIdentifier?: number };
};

export type ParsedUnsubscribe = { messageId: number; unsubscriptions: string[] };

export type ParsedDisconnect = { reasonCode: number; properties?: { sessionExpiryInterval?: number } };

export type ParsedAuth = {
  reasonCode: number;
  /** Checked to be there. */
  properties: { authenticationMethod: string; authenticationData?: Uint8Array };
};

/** What the library generates a packet from. */
export type GeneratedPacket =
  | {
      cmd: "connack";
      sessionPresent: boolean;
      /** To MQTT 5.0. */
      reasonCode?: number;
      /** To MQTT 3.x. */
      returnCode?: number;
      properties?: {
        reasonString?: string | undefined;
        sessionExpiryInterval?: number | undefined;
        receiveMaximum?: number | undefined;
        maximumPacketSize?: number | undefined;
        assignedClientIdentifier?: string | undefined;
        topicAliasMaximum?: number | undefined;
        serverKeepAlive?: number | undefined;
        maximumQoS?: number | undefined;
        retainAvailable?: boolean | undefined;
        wildcardSubscriptionAvailable?: boolean | undefined;
        subscriptionIdentifiersAvailable?: boolean | undefined;
        sharedSubscriptionAvailable?: boolean | undefined;
        responseInformation?: string | undefined;
        serverReference?: string | undefined;
        authenticationMethod?: string | undefined;
        authenticationData?: Uint8Array | undefined;
      };
    }
  | {
      cmd: "puback" | "pubrec" | "pubrel" | "pubcomp";
      messageId: number;
      reasonCode: number;
      properties?: { reasonString: string } | undefined;
    }
  | {
      cmd: "suback" | "unsuback";
      messageId: number;
      granted: number[];
      properties?: { reasonString: string } | undefined;
    }
  | { cmd: "disconnect"; reasonCode: number; properties?: { reasonString: string } | undefined }
  | {
      cmd: "auth";
      reasonCode: number;
      properties: { authenticationMethod: string; authenticationData?: Uint8Array | undefined };
    }
  | { cmd: "pingresp" };

// By default the first packet fills a cache of all 65,536 two-byte numbers, a Buffer each. That takes some 10 MB and 10 ms,
// again in each isolate.
writeToStream.cacheNumbers = false;

const textEncoder = new TextEncoder();

/**
 * @param bytes one whole packet, checked to be well-formed
 * @throws {ProtocolError} 0x81 should the library find fault with it nevertheless
 */
export function parsePacket<Parsed>(bytes: Uint8Array, protocolVersion: ProtocolVersion | undefined): Parsed {
  // The library parses synchronously, and calls what it has found.
  let parsed: unknown;
  let failure: Error | undefined;
  const packetParser = parser({ protocolVersion });
  packetParser.on("packet", (packet: unknown) => {
    parsed = packet;
  });
  packetParser.on("error", (error: Error) => {
    failure = error;
  });
  packetParser.parse(bytes as Parameters<typeof packetParser.parse>[0]);
  if (failure !== undefined) throw new ProtocolError(ReasonCode.MalformedPacket, failure.message);
  if (parsed === undefined) throw new Error("mqtt-packet found no packet in a whole one");
  return parsed as Parsed;
}

/** @param packet complete and right, or it is a bug: an `Error` */
export function generatePacket(packet: GeneratedPacket, protocolVersion: ProtocolVersion): Uint8Array {
  // The library's own accumulator takes binary data in Buffers alone.
  const writer = new ByteWriter();
  const stream = {
    write(chunk: Uint8Array | string) {
      writer.raw(typeof chunk === "string" ? textEncoder.encode(chunk) : chunk);
      return true;
    },
    destroy(error: Error) {
      throw error;
    },
  };
  writeToStream(packet as Parameters<typeof writeToStream>[0], stream as never, { protocolVersion });
  return writer.finish();
}

/** `bytes` with only the flags that the library knows: an MQTT 3.1 client may have set others. */
export function withFlags(bytes: Uint8Array, flags: number): Uint8Array {
  const firstByte = ((bytes[0] as number) & 0xf0) | flags;
  return bytes[0] === firstByte ? bytes : bytes.with(0, firstByte);
}

/** Out of the library's Buffer, which may be part of a larger one, into an array of its own. */
export function copyOf(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}
