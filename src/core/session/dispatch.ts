// Passes each packet of a connected client to the part of its session that handles it. from-client.ts catches what
// these throw.

import type { ClientPacket } from "../packet/packet.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { authenticateAgain } from "./connect/authenticating.ts";
import { onDisconnect } from "./life/ending.ts";
import type { Parts } from "./parts.ts";
import { type Connected, send } from "./wire/connection.ts";

/**
 * @param packet decoded and well-formed
 * @throws {ProtocolError} which ends the connection
 */
export function dispatch(parts: Parts, connected: Connected, packet: ClientPacket): void {
  const { context, state } = parts;
  const { inbound, outbound, subscribing } = state;
  switch (packet.type) {
    case "PUBLISH":
      inbound.onPublish(connected, packet);
      break;
    case "PUBREL":
      inbound.onPubrel(connected, packet.packetId);
      break;
    case "PUBACK":
      outbound.onPuback(packet.packetId, connected);
      break;
    case "PUBREC":
      outbound.onPubrec(packet.packetId, packet.reasonCode, connected);
      break;
    case "PUBCOMP":
      outbound.onPubcomp(packet.packetId, connected);
      break;
    case "SUBSCRIBE":
      subscribing.onSubscribe(connected, packet);
      // SUBACK goes first, even if retained messages are faster.
      if (subscribing.isSubscribing) outbound.hold();
      break;
    case "UNSUBSCRIBE":
      subscribing.onUnsubscribe(connected, packet);
      break;
    case "PINGREQ":
      send(context, connected, { type: "PINGRESP" });
      break;
    case "DISCONNECT":
      onDisconnect(parts, connected, packet);
      break;
    case "AUTH":
      authenticateAgain(context, connected, packet);
      break;
    case "CONNECT":
      throw new ProtocolError(ReasonCode.ProtocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
    default:
      packet satisfies never;
  }
}
