// Packet identifiers of messages to the client, and the ids of messages already taken. MQTT 5.0 section 2.2.1.

import { type Context, messageIdAt } from "../context.ts";

export const maximumPacketId = 65_535;

/**
 * The packet identifier of the message with this sequence: derived, so that a message keeps its identifier
 * through restarts without a row being written when it is sent.
 */
export function packetIdOf(sequence: number): number {
  return ((sequence - 1) % maximumPacketId) + 1;
}

const maximumRemembered = 10_000;
/** How many of them a hibernation keeps. */
const maximumKept = 100;
/**
 * Ids are remembered for this much longer than `deduplicationSec`. An id holds the time of the clock that made it, and
 * either clock may be set while the message can still be repeated.
 */
const clockStepMs = 3_600_000;
/** Old ids are pruned once in this number of new ones. */
const pruneEvery = 256;

/**
 * The ids of the QoS 2 messages that this session has taken: a repeat, as after a lost answer between objects, is
 * recognised by it. On disk for a durable session, in memory for one that ends with its connection.
 */
export class RememberedIds {
  private readonly context: Context;
  private readonly inMemory = new Set<string>();
  private added = 0;

  constructor(context: Context) {
    this.context = context;
  }

  has(id: string): boolean {
    return this.context.isDurable ? this.context.store.remembersMessage(id) : this.inMemory.has(id);
  }

  /** @returns false when the id was there */
  add(id: string): boolean {
    if (this.context.isDurable) {
      this.prune();
      return this.context.store.rememberMessage(id);
    }
    if (this.inMemory.has(id)) return false;
    this.inMemory.add(id);
    if (this.inMemory.size > maximumRemembered) {
      const oldest = this.inMemory.values().next();
      if (!oldest.done) this.inMemory.delete(oldest.value);
    }
    return true;
  }

  /** The latest of those in memory: a repeat follows soon, or never. */
  get latest(): string[] {
    return [...this.inMemory].slice(-maximumKept);
  }

  /** After a hibernation. */
  restore(ids: readonly string[]): void {
    for (const id of ids) this.inMemory.add(id);
  }

  clear(): void {
    this.inMemory.clear();
  }

  private prune(): void {
    this.added += 1;
    if (this.added % pruneEvery !== 1) return;
    const rememberedMs = this.context.settings.limits.deduplicationSec * 1000 + clockStepMs;
    this.context.store.forgetMessagesBefore(messageIdAt(this.context.nowMs - rememberedMs));
  }
}
