// A SUBSCRIBE or UNSUBSCRIBE on its way to its answer. MQTT 5.0 sections 3.9 and 3.11.

import { varintBytes } from "../../bytes.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import type { TopicSubscription } from "../../topic/topic-request.ts";
import type { SocketId } from "../effect.ts";
import type { Connected } from "../wire/connection.ts";

/** A SUBSCRIBE or UNSUBSCRIBE whose answers are on their way. */
export type PendingFilters = {
  /** Names it in the tokens of its requests. */
  readonly id: number;
  readonly type: "SUBACK" | "UNSUBACK";
  readonly packetId: number;
  readonly socketId: SocketId;
  readonly generation: string;
  /** In the order of the filters [MQTT-3.9.3-1]. */
  readonly reasonCodes: number[];
  /** Per filter: what to keep or to forget once all shards have answered; `undefined` for nothing. */
  readonly subscriptions: (TopicSubscription | undefined)[];
  /** Per filter of a SUBSCRIBE: the subscription that it replaces, if there was one. */
  readonly replaced: (TopicSubscription | undefined)[];
  openRequests: number;
};

/** What could not be answered is not begun, or the client would wait for ever [MQTT-3.1.2-24]. */
export function expectAnswerFits({ maximumPacketBytes }: Connected, filters: number): void {
  // Packet identifier, no properties, and a reason code for each filter. Section 3.9.
  const remainingLength = 2 + 1 + filters;
  if (1 + varintBytes(remainingLength) + remainingLength <= maximumPacketBytes) return;
  throw new ProtocolError(ReasonCode.PacketTooLarge, "the answer is larger than the Maximum Packet Size");
}

export function pendingOf(
  id: number,
  type: PendingFilters["type"],
  packetId: number,
  socketId: SocketId,
  generation: string,
): PendingFilters {
  return {
    id,
    type,
    packetId,
    socketId,
    generation,
    reasonCodes: [],
    subscriptions: [],
    replaced: [],
    openRequests: 0,
  };
}
