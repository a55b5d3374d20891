// Messages of shared subscriptions that leave for another member: offered when their client's connection is lost, given
// away when their session ends. A message that was offered is not sent until the answer is there. MQTT 5.0 section 4.8.2.

import { isExpired, type Message } from "../../message/message.ts";
import { shardOf } from "../../topic/shard.ts";
import type { RedistributeRequest } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { OutgoingTable } from "./outgoing.ts";
import type { Outgoing } from "./outgoing-message.ts";

/** A message on its way to another member. */
type Leaving = { readonly entry: Outgoing; readonly request: RedistributeRequest };

/** What may leave at once is in memory: no more than a lane carries. */
const maximumBytes = 16_777_216;

export class Redistribution {
  private readonly context: Context;
  private readonly table: OutgoingTable;
  /** Messages whose answer is awaited, by the id in their token. */
  private readonly leaving = new Map<number, Leaving>();
  private lastId = 0;

  constructor(context: Context, table: OutgoingTable) {
    this.context = context;
    this.table = table;
  }

  /**
   * The connection is lost, and the session goes on. A message stays in its place if no other member is connected. QoS 2
   * is not offered: if the answer were lost, nobody could say which of the two sessions has the message.
   */
  offer(): void {
    const generation = this.context.ownGeneration;
    for (const entry of withinMemory(this.movable().filter(({ qos }) => qos === 1))) {
      const delivery = this.table.contentOf(entry);
      if (delivery === undefined) continue;
      // An id of its own at every step: it may come back to a session that remembers the one it had.
      const id = delivery.message.id === "" ? "" : this.context.newMessageId(generation);
      entry.on("offered");
      this.request(entry, generation, delivery.sharedFilter, { ...delivery.message, id }, false);
    }
  }

  /**
   * The session is over. A QoS 2 message that may have been sent goes to nobody else [MQTT-4.8.2-5]. A message that is
   * offered already is given away when the answer says that nobody has taken it.
   */
  giveAway(): void {
    // After a crash, the generation of the session that is over may not be known.
    const generation = this.context.generation ?? "";
    const entries = this.movable().filter(mayGoElsewhere);
    const leaving = withinMemory(entries);
    this.context.counts.messagesDropped += entries.length - leaving.length;
    for (const entry of leaving) {
      const delivery = this.table.contentOf(entry);
      if (delivery !== undefined) this.request(entry, generation, delivery.sharedFilter, delivery.message, true);
    }
  }

  /**
   * @param isTaken another member has it; otherwise it is the session's as before
   * @returns whether a message has left that its own client may have been sent
   */
  onAnswer(id: number, isTaken: boolean): boolean {
    const leaving = this.leaving.get(id);
    if (leaving === undefined) return false;
    this.leaving.delete(id);
    const { entry, request } = leaving;
    const isHere = entry.state !== "gone";
    const hasLeft = isTaken && entry.wasSentBefore;
    if (isTaken) {
      if (isHere) this.table.delete(entry, "taken elsewhere");
    } else if (request.isOrphaned) {
      this.context.counts.messagesDropped += 1;
    } else if (isHere) {
      entry.on("not taken");
    } else if (!isExpired(entry, this.context.nowMs)) {
      // Its session has ended meanwhile.
      this.request(entry, request.generation, request.topicFilter, request.message, true);
    }
    return hasLeft;
  }

  /** Messages of shared subscriptions, in order, that have not expired and are not on their way to another member. */
  private movable(): Outgoing[] {
    return this.table
      .all()
      .filter((entry) => entry.isShared && entry.takes("sent") && !isExpired(entry, this.context.nowMs));
  }

  private request(
    entry: Outgoing,
    generation: string,
    topicFilter: string,
    message: Message,
    isOrphaned: boolean,
  ): void {
    const request = { type: "redistribute", generation, topicFilter, message, isOrphaned } as const;
    const shard = shardOf(message.topicName, this.context.settings.topicShards);
    this.lastId += 1;
    this.leaving.set(this.lastId, { entry, request });
    this.context.request(shard, request, { type: "redistribution", id: this.lastId });
  }
}

/** At QoS 2 only what was certainly never sent. */
function mayGoElsewhere({ qos, state }: Outgoing): boolean {
  return qos === 1 || state === "waiting";
}

/** The first of them, in order. */
function withinMemory(entries: readonly Outgoing[]): readonly Outgoing[] {
  let bytes = 0;
  const end = entries.findIndex((entry) => {
    bytes += entry.bytes;
    return bytes > maximumBytes;
  });
  return end === -1 ? entries : entries.slice(0, end);
}
