// One shard of a namespace's topics: takes the requests of sessions, and delivers their messages. Owns the calls and
// the alarm; what a message means is in core/topic.

import { DurableObject } from "cloudflare:workers";
import type { SysValue } from "../core/directory/sys-topics.ts";
import { clockSkewMs } from "../core/lane/clock-skew.ts";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import type { Message } from "../core/message/message.ts";
import { ReasonCode } from "../core/packet/reason-code.ts";
import { reportedHolders } from "../core/shares/shared-limit-use.ts";
import type { RetainedDeletion, RetainedList, RetainedQuery } from "../core/topic/retained-list.ts";
import { sysMessage } from "../core/topic/sys-subscription.ts";
import { Topic } from "../core/topic/topic.ts";
import { countSubscriptions, type TopicCounts } from "../core/topic/topic-counts.ts";
import {
  decodeTopicRequests,
  type RedistributeRequest,
  type Requester,
  type TopicRequest,
} from "../core/topic/topic-request.ts";
import { Alarm } from "../platform/alarm.ts";
import { logError, reasonOf } from "../platform/log.ts";
import { logReached } from "../platform/log-reached.ts";
import { randomId } from "../platform/random-id.ts";
import { RestartOnBug } from "../platform/restart-on-bug.ts";
import { directoryStub, sessionStub, splitName } from "../platform/stubs.ts";
import { settingsOf } from "../settings/settings.ts";
import { Deliverer, type Origin } from "./topic/deliverer.ts";
import { OpenBatch } from "./topic/open-batch.ts";
import { OwedTable } from "./topic/owed-table.ts";
import { SqliteTopicStore } from "./topic/sqlite-topic-store.ts";
import { SysSubscriptions } from "./topic/sys-subscriptions.ts";

type Publish = { readonly message: Message; readonly by?: Requester | undefined };

/** How soon owed messages are sent again. The longer they have waited, the longer the next wait, also after a restart. */
const firstRetryMs = 5_000;
const maximumRetryMs = 300_000;

/** The publisher of what the broker itself publishes. No client has this identifier: an object's name cannot hold it. */
const noClientId = "";

/** How many of those who hold most of what is retained are named. */
const maximumHolders = 5;

export class TopicObject extends DurableObject<Env> {
  private readonly topic: Topic;
  private readonly owed: OwedTable;
  private readonly deliverer: Deliverer;
  private readonly sysSubscriptions: SysSubscriptions;
  private readonly receiver = new LaneReceiver<number[]>();
  /** Since the object started. */
  private publishedMessages = 0;
  private readonly nextAlarm: Alarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { namespace, rest } = splitName(ctx.id.name);
    // "epoch/shard"
    const shard = Number(rest.slice(rest.indexOf("/") + 1));
    const settings = settingsOf(env);
    const store = new SqliteTopicStore(ctx.storage);
    this.nextAlarm = new Alarm(ctx.storage);
    const bugs = new RestartOnBug(ctx, { event: "a topic object restarts", fields: { namespace, shard } });
    this.topic = new Topic(store, settings, randomId);
    this.owed = new OwedTable(store, settings.limits.maximumOwedMessages, settings.limits.sharePercent);
    this.deliverer = new Deliverer(this.topic, this.owed, {
      sessionOf: (clientId) => sessionStub(env, settings, namespace, clientId),
      onOwed: () => this.setAlarm(),
      onBroken: (error) => bugs.restart(error),
    });
    this.sysSubscriptions = new SysSubscriptions(this.topic, {
      ask: () => directoryStub(env, settings, namespace).subscribeToSys(shard),
      send: (recipient) => this.deliverer.send(recipient),
    });
    if (!this.owed.isEmpty) void ctx.blockConcurrencyWhile(() => this.findAlarm());
  }

  /**
   * A batch of a session's lane.
   * @param sentAtMs by the clock of the caller; one of an older version does not say
   * @returns a reason code for each request, once every session that a QoS 1 or 2 message is owed to has taken it
   */
  exchange(
    clientId: string,
    laneId: string,
    sequence: number,
    batch: Uint8Array,
    sentAtMs?: number,
  ): Promise<number[]> {
    const skewMs = clockSkewMs(sentAtMs, Date.now());
    return this.receiver.receive(laneId, sequence, (isFirst) =>
      this.act(clientId, decodeTopicRequests(batch, skewMs), isFirst),
    );
  }

  counts(): TopicCounts {
    this.watchOwed();
    const { publishedMessages } = this;
    const { deliveredMessages, droppedMessages } = this.deliverer;
    return {
      ...countSubscriptions(this.topic.subscribers()),
      retained: { ...this.topic.retainedSize(Date.now()) },
      retainedHolders: this.topic.largestRetainedHolders(maximumHolders),
      sharedLimitUse: { ...this.topic.sharedLimitUse(reportedHolders), owedMessages: this.owed.use(reportedHolders) },
      owedMessages: this.owed.size,
      publishedMessages,
      deliveredMessages,
      droppedMessages,
    };
  }

  /**
   * From the directory, and from nobody else: values of `$SYS` that have changed.
   * @returns the clients that subscribe to `$SYS`
   */
  publishSys(values: readonly SysValue[]): string[] {
    const batch = new OpenBatch(values.length);
    for (const [index, value] of values.entries()) {
      this.publish(noClientId, { message: sysMessage(value) }, { batch, index }, false);
    }
    return this.sysSubscriptions.clientIds;
  }

  retained(query: RetainedQuery): RetainedList {
    return this.topic.listRetained(query, Date.now());
  }

  /** @returns whether there was one */
  deleteRetained(topicName: string): boolean {
    return this.topic.deleteRetained(topicName);
  }

  /** See `Topic.deleteRetainedMatching`. */
  deleteRetainedMatching(query: RetainedQuery): RetainedDeletion {
    return this.topic.deleteRetainedMatching(query);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.nextAlarm.onRing(info?.scheduledTime, Date.now());
    if (this.owed.isEmpty) return;
    this.deliverer.retryOwed();
    this.setAlarm();
  }

  private act(clientId: string, requests: readonly TopicRequest[], isFirst: boolean): Promise<number[]> {
    const batch = new OpenBatch(requests.length);
    for (const [index, request] of requests.entries()) {
      try {
        this.actOn(clientId, request, { batch, index }, isFirst);
      } catch (error) {
        // The batch's other requests have been acted on, so it must not be repeated as a whole.
        const { namespace } = splitName(this.ctx.id.name);
        logError("a request failed", { namespace, clientId, reason: reasonOf(error) });
        batch.answers[index] = ReasonCode.UnspecifiedError;
      }
    }
    this.logReached();
    batch.done();
    this.watchOwed();
    return batch.whenComplete;
  }

  /** Logs who reached a shared limit, and who uses most of it. */
  private logReached(): void {
    const notes = [...this.topic.takeReachedNotes(), ...this.owed.takeReachedNotes()];
    if (notes.length === 0) return;
    const { namespace, rest } = splitName(this.ctx.id.name);
    logReached(notes, { namespace, shard: Number(rest.slice(rest.indexOf("/") + 1)) });
  }

  private actOn(clientId: string, request: TopicRequest, origin: Origin, mayBeRepeat: boolean): void {
    switch (request.type) {
      case "publish":
        this.publish(clientId, request, origin, mayBeRepeat);
        break;
      case "publish again":
        this.publish(clientId, request, origin, true);
        break;
      case "subscribe": {
        const { generation, subscription, sendRetained, by } = request;
        const subscriber = this.topic.subscribe(clientId, generation, subscription, {
          sendRetained,
          by,
          nowMs: Date.now(),
        });
        if (typeof subscriber === "number") {
          origin.batch.answers[origin.index] = subscriber;
          break;
        }
        if (sendRetained) this.deliverer.sendRetained(subscriber);
        this.sysSubscriptions.onSubscribed(subscriber, sendRetained);
        break;
      }
      case "unsubscribe":
        this.topic.unsubscribe(clientId, request.generation, request.topicFilter);
        break;
      case "end":
        this.topic.end(clientId, request.generation);
        break;
      case "redistribute":
        this.redistribute(clientId, request, origin, mayBeRepeat);
    }
  }

  private publish(clientId: string, { message, by }: Publish, origin: Origin, mayBeRepeat: boolean): void {
    this.publishedMessages += 1;
    const route = this.topic.publish(clientId, message, Date.now(), by);
    const isOver = typeof route === "number";
    // Until somebody takes it.
    origin.batch.answers[origin.index] = isOver ? route : ReasonCode.NoMatchingSubscribers;
    if (isOver) return;
    for (const recipient of route.recipients) this.deliverer.deliver(recipient, origin);
    for (const members of route.groups) this.deliverer.deliverToGroup(members, origin, mayBeRepeat);
  }

  private redistribute(clientId: string, request: RedistributeRequest, origin: Origin, mayBeRepeat: boolean): void {
    const members = this.topic.redistribute(clientId, request, Date.now());
    // Until somebody takes it.
    origin.batch.answers[origin.index] = ReasonCode.NoMatchingSubscribers;
    if (request.isOrphaned) this.deliverer.deliverToGroup(members, origin, mayBeRepeat);
    else this.deliverer.offerToGroup(members, origin);
  }

  /** Called with every event, as the platform may have given up the alarm. If there is one, that costs nothing. */
  private watchOwed(): void {
    if (!this.owed.isEmpty) this.setAlarm();
  }

  /** An object that starts has one already, unless a crash came between. */
  private async findAlarm(): Promise<void> {
    await this.nextAlarm.find();
    this.setAlarm();
  }

  private setAlarm(): void {
    const nowMs = Date.now();
    this.nextAlarm.set(nowMs + Math.min(Math.max(this.owed.quietMs, firstRetryMs), maximumRetryMs), nowMs);
  }
}
