// The Will messages of a session: the one of the current connection, and those that are due or wait for their
// delay. MQTT 5.0 sections 3.1.2.5 and 3.1.3.2.2.

import type { AccessRules } from "../../access/access-rules.ts";
import type { Grant } from "../../access/grant.ts";
import type { Message } from "../../message/message.ts";
import type { ConnectWill } from "../../packet/packet.ts";
import { holderOf } from "../../shares/holder.ts";
import { shardOf } from "../../topic/shard.ts";
import { accessOf, type Context } from "../context.ts";
import type { StoredWill } from "../session-store.ts";

type DueWill = Extract<StoredWill, { stage: "due" }>;

const retryMs = 15_000;

export class Wills {
  private readonly context: Context;
  private readonly wills: Map<string, StoredWill>;
  /** Wills on their way to the topic object. */
  private readonly underWay = new Set<string>();
  /** When to send those again that have not arrived. After a crash there is neither an answer nor an alarm. */
  private readonly retryAtMs = new Map<string, number>();

  constructor(context: Context) {
    this.context = context;
    this.wills = new Map(context.store.wills().map((will) => [will.id, will]));
  }

  get isEmpty(): boolean {
    return this.wills.size === 0;
  }

  /** The connection has a Will: it is on disk before CONNACK leaves [MQTT-3.1.2-7]. */
  set(will: ConnectWill, grant: Grant): void {
    this.put({ id: this.context.settings.randomId(), will, grant, stage: "held" });
  }

  /** DISCONNECT 0x00 came [MQTT-3.14.4-3]. */
  discardCurrent(): void {
    for (const { id, stage } of this.wills.values()) if (stage === "held") this.delete(id);
  }

  /**
   * The connection is gone without a DISCONNECT 0x00: the Will waits for its delay.
   * @param sessionEndsAtMs the Will is published when the session ends, if that is earlier
   */
  onConnectionLost(sessionEndsAtMs: number): void {
    const { nowMs } = this.context;
    for (const stored of this.wills.values()) {
      if (stored.stage !== "held") continue;
      const dueAtMs = Math.min(nowMs + stored.will.delaySec * 1000, sessionEndsAtMs);
      // From here on the message has its identity, so that a repeated try at QoS 2 is not a second message.
      const messageId = stored.will.qos === 2 ? this.context.newMessageId(stored.id, dueAtMs) : "";
      this.put({ ...stored, stage: dueAtMs > nowMs ? "delayed" : "due", dueAtMs, messageId });
    }
    this.publishDue();
  }

  /** The client is back with its session: in time for a Will whose delay runs [MQTT-3.1.3-9]. */
  onSessionResumed(): void {
    this.endDelays();
    for (const { id, stage } of this.wills.values()) if (stage === "delayed") this.delete(id);
  }

  /** Whatever waits is published now: its session is over. */
  onSessionEnded(): void {
    const { nowMs } = this.context;
    for (const stored of this.wills.values()) {
      if (stored.stage === "delayed") this.put({ ...stored, stage: "due", dueAtMs: Math.min(stored.dueAtMs, nowMs) });
    }
    this.publishDue();
  }

  /** See `Operator.revise`. */
  revise(identity: string, rules: AccessRules | null): void {
    for (const stored of this.wills.values()) {
      if (stored.grant.identity !== identity) continue;
      if (rules === null) this.delete(stored.id);
      else this.put({ ...stored, grant: { ...stored.grant, rules } });
    }
  }

  publishDue(): void {
    this.endDelays();
    for (const stored of this.wills.values()) {
      if (stored.stage !== "due" || this.isToWait(stored)) continue;
      const { id, will, grant, dueAtMs, messageId } = stored;
      const { settings } = this.context;
      // Below $SYS it can only be that of a bridge: CONNECT saw to that.
      if (accessOf(grant, settings).whyNotPublish(will, true) !== undefined) {
        this.delete(id);
        continue;
      }
      this.retryAtMs.set(id, this.context.nowMs + retryMs);
      if (this.underWay.has(id)) continue;
      this.underWay.add(id);
      const message = messageOf(messageId, will, dueAtMs);
      // An earlier try may have come through, and after a crash nobody knows. For a QoS 2 Will it costs little to ask.
      const type = will.qos === 2 ? "publish again" : "publish";
      const by = { holder: holderOf(grant.identity, settings.clientId), hearsRefusals: false };
      this.context.request(shardOf(will.topicName, settings.topicShards), { type, message, by }, { type: "will", id });
    }
  }

  /** The topic object has it [MQTT-3.1.2-10]. */
  onPublished(id: string): void {
    this.underWay.delete(id);
    this.retryAtMs.delete(id);
    this.delete(id);
  }

  /** The topic object could not be reached: the Will is tried again later. */
  onUnanswered(id: string): void {
    this.underWay.delete(id);
    if (this.wills.has(id)) this.retryAtMs.set(id, this.context.nowMs + retryMs);
  }

  nextDeadlineMs(): number {
    return Math.min(...[...this.wills.values()].map((stored) => this.deadlineMsOf(stored)));
  }

  /** Infinity while its connection lives. */
  private deadlineMsOf(stored: StoredWill): number {
    if (stored.stage === "held") return Number.POSITIVE_INFINITY;
    return stored.stage === "due" ? (this.retryAtMs.get(stored.id) ?? stored.dueAtMs) : stored.dueAtMs;
  }

  /** It was tried, and the time of the next try has not come; one that lies too far ahead was set by an earlier clock. */
  private isToWait({ id }: DueWill): boolean {
    const waitMs = (this.retryAtMs.get(id) ?? 0) - this.context.nowMs;
    return waitMs > 0 && waitMs <= retryMs;
  }

  /** A delay that is over stays over: written down, since the clock may be set back before the Will is out. */
  private endDelays(): void {
    for (const stored of this.wills.values()) {
      if (stored.stage === "delayed" && stored.dueAtMs <= this.context.nowMs) this.put({ ...stored, stage: "due" });
    }
  }

  private put(stored: StoredWill): void {
    this.wills.set(stored.id, stored);
    this.context.store.putWill(stored);
  }

  private delete(id: string): void {
    if (this.wills.delete(id)) this.context.store.deleteWill(id);
  }
}

/** Its time begins when it is due, however often it has to be tried. Section 3.1.3.2.4. */
function messageOf(id: string, will: ConnectWill, dueAtMs: number): Message {
  const { topicName, qos, retain, properties, payload, messageExpirySec } = will;
  const expiresAtMs = messageExpirySec === undefined ? 0 : dueAtMs + messageExpirySec * 1000;
  return { id, topicName, qos, retain, expiresAtMs, properties, payload };
}
