// What a topic object owes to sessions that it could not reach: on disk, in order, and bounded. Later messages for the
// same session queue behind it, so that order holds [MQTT-4.6.0-5], unless the session has no room even for this.

import { type ReachedNote, ReachedNotes } from "../../core/shares/reached-notes.ts";
import { type RoomUse, SharedRoom } from "../../core/shares/shared-room.ts";
import type { SessionDelivery } from "../../core/topic/topic-request.ts";
import type { TopicStore } from "../../core/topic/topic-store.ts";
import { logError } from "../../platform/log.ts";

/** The prefix keeps client identifiers apart from anonymous holders. */
function holderOfSession(clientId: string): string {
  return `session/${clientId}`;
}

export class OwedTable {
  private readonly store: TopicStore;
  /** How much of the table each client uses. */
  private readonly room: SharedRoom;
  private readonly notes = new ReachedNotes();
  private readonly clients: Set<string>;
  private readonly withoutRoom = new Set<string>();
  private lastChangeMs: number;

  /** @param sharePercent how much of what the others leave free one session may use */
  constructor(store: TopicStore, maximumMessages: number, sharePercent: number) {
    this.store = store;
    this.room = new SharedRoom(maximumMessages, sharePercent);
    this.clients = new Set();
    for (const { clientId, count } of store.owedCounts()) {
      this.clients.add(clientId);
      this.room.add(holderOfSession(clientId), count);
    }
    this.lastChangeMs = this.clients.size === 0 ? 0 : store.lastOwedAtMs();
  }

  get isEmpty(): boolean {
    return this.clients.size === 0;
  }

  /** In messages. */
  get size(): number {
    return this.room.held;
  }

  /** @param holders how many of the largest holders to name */
  use(holders: number): RoomUse {
    return this.room.use(holders);
  }

  get clientIds(): string[] {
    return [...this.clients];
  }

  has(clientId: string): boolean {
    return this.clients.has(clientId);
  }

  /** For how long nothing was added or taken, in milliseconds. */
  get quietMs(): number {
    return Date.now() - this.lastChangeMs;
  }

  /** The session was reached, but its queue was full: what comes for it now is refused. */
  isWithoutRoom(clientId: string): boolean {
    return this.withoutRoom.has(clientId);
  }

  /** The session has no room for the oldest delivery, which stays. */
  onNoRoom(clientId: string): void {
    if (this.clients.has(clientId)) this.withoutRoom.add(clientId);
  }

  /**
   * @param isFirst whether to put it before what is owed already, because it is older
   * @returns "full" if the table or the session's share of it has no room, "failed" if it cannot be written
   */
  put(clientId: string, delivery: SessionDelivery, isFirst: boolean): "kept" | "full" | "failed" {
    const nowMs = Date.now();
    const holder = holderOfSession(clientId);
    const shortage = this.room.shortageOf(holder, 1);
    if (shortage !== undefined) {
      const reached = { limit: "owedMessages", shortage } as const;
      this.notes.onReached(reached, holder, (count) => this.room.largest(count), nowMs);
      return "full";
    }
    try {
      this.store.putOwed(clientId, delivery, isFirst, nowMs);
    } catch (error) {
      logError("a message cannot be kept", { clientId, reason: String(error) });
      return "failed";
    }
    this.room.add(holder, 1);
    this.lastChangeMs = nowMs;
    this.clients.add(clientId);
    return "kept";
  }

  /** Limits that were reached, for the log. */
  takeReachedNotes(): readonly ReachedNote[] {
    return this.notes.take();
  }

  /** The oldest deliveries. To see whether the session has room again, one is enough. None means that no more is owed. */
  next(clientId: string, most: number): { sequence: number; delivery: SessionDelivery }[] {
    for (;;) {
      const rows = this.store.owed(clientId, this.isWithoutRoom(clientId) ? 1 : most);
      if (rows.length === 0) this.clients.delete(clientId);
      const page = rows.flatMap(({ sequence, delivery }) => {
        if (delivery !== undefined) return [{ sequence, delivery }];
        // A row that cannot be read cannot be delivered.
        this.remove(clientId, sequence);
        return [];
      });
      if (page.length > 0 || rows.length === 0) return page;
    }
  }

  /** The session has the delivery. */
  delete(clientId: string, sequence: number): void {
    if (!this.clients.has(clientId)) return;
    this.withoutRoom.delete(clientId);
    this.remove(clientId, sequence);
  }

  private remove(clientId: string, sequence: number): void {
    this.store.deleteOwed(sequence);
    this.room.add(holderOfSession(clientId), -1);
    this.lastChangeMs = Date.now();
  }
}
