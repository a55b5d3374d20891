// A client's own Session State: what it has sent and not seen acknowledged, what it has received at QoS 2 and not seen
// released, what it has subscribed to. It outlives a connection. MQTT 5.0 section 4.1.

import type { QoS } from "../../src/core/message/message.ts";
import type { History, Life, Publication } from "./history.ts";

export type Outgoing = {
  readonly publication: Publication;
  readonly expirySec: number | undefined;
  /** PUBREC came: PUBREL is what goes again. */
  isReleased: boolean;
};

export type Wish = { readonly topicFilter: string; readonly qos: QoS; readonly options: object };

/** A SUBSCRIBE or UNSUBSCRIBE without its answer yet. */
type OpenFilter = { readonly topicFilter: string; readonly qos: QoS | undefined };

export class ClientSession {
  readonly life: Life;
  /** By packet identifier, in the order of their PUBLISH packets. */
  readonly outgoing = new Map<number, Outgoing>();
  /** Packet identifiers of QoS 2 messages between PUBLISH and PUBREL. */
  readonly received = new Set<number>();
  readonly openFilters = new Map<number, OpenFilter>();
  /** By filter: what SUBACK has granted and UNSUBACK has not taken back. */
  readonly granted = new Map<string, QoS>();
  /** Filters of which the broker may hold more, or less, than was acknowledged. */
  readonly uncertain = new Set<string>();
  readonly #history: History;
  #lastPacketId = 0;

  constructor(history: History, clientId: string, isDurable: boolean) {
    this.#history = history;
    this.life = history.beginLife(clientId, isDurable);
  }

  newPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    while (this.outgoing.has(this.#lastPacketId) || this.openFilters.has(this.#lastPacketId));
    return this.#lastPacketId;
  }

  isChanging(topicFilter: string): boolean {
    return [...this.openFilters.values()].some((open) => open.topicFilter === topicFilter);
  }

  onFilterSent(packetId: number, topicFilter: string, qos: QoS | undefined): void {
    this.openFilters.set(packetId, { topicFilter, qos });
    this.uncertain.add(topicFilter);
    this.#history.asked(this.life, topicFilter, qos);
  }

  /** @returns false for an answer that nobody has asked for */
  onFilterAnswered(packetId: number, code: number): boolean {
    const open = this.openFilters.get(packetId);
    if (open === undefined) return false;
    const { topicFilter, qos } = open;
    this.openFilters.delete(packetId);
    if (code >= 0x80) return true;
    this.uncertain.delete(topicFilter);
    if (qos === undefined) {
      this.granted.delete(topicFilter);
    } else {
      this.granted.set(topicFilter, code as QoS);
      this.#history.subscribed(this.life, topicFilter, code as QoS);
    }
    return true;
  }

  /** What had no answer never gets one. */
  onConnectionLost(): void {
    this.openFilters.clear();
  }

  end(): void {
    this.#history.endLife(this.life);
  }
}
