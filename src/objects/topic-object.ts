// One shard of a namespace's topics: takes the requests of sessions, and hands their messages on. Owns the calls and
// the alarm; what a message means is in core/topic.

import { DurableObject } from "cloudflare:workers";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import { isExpired } from "../core/message/message.ts";
import { ReasonCode } from "../core/packet/reason-code.ts";
import { Topic } from "../core/topic/topic.ts";
import { decodeTopicRequests, type TopicRequest } from "../core/topic/topic-request.ts";
import { settingsOf } from "../settings.ts";
import { Deliverer, type Origin } from "./deliverer.ts";
import { OpenBatch } from "./open-batch.ts";
import { SqliteTopicStore } from "./sqlite-topic-store.ts";
import { sessionStub, splitName } from "./stubs.ts";

/** How soon what is owed is tried again. */
const owedRetryMs = 5_000;

type PublishRequest = Extract<TopicRequest, { type: "publish" }>;

export class TopicObject extends DurableObject<Env> {
  private readonly topic: Topic;
  private readonly deliverer: Deliverer;
  private readonly receiver = new LaneReceiver<number[]>();
  private isAlarmSet = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { namespace } = splitName(ctx.id.name);
    const settings = settingsOf(env);
    const store = new SqliteTopicStore(ctx.storage.sql);
    this.topic = new Topic(store, settings.limits);
    this.deliverer = new Deliverer(
      this.topic,
      store,
      (clientId) => sessionStub(env, settings, namespace, clientId),
      () => this.setAlarm(),
    );
  }

  /**
   * A batch of a session's lane.
   * @returns a reason code for each request, once every session that a QoS 1 or 2 message is owed to has taken it
   */
  exchange(clientId: string, laneId: string, sequence: number, batch: Uint8Array): Promise<number[]> {
    return this.receiver.receive(laneId, sequence, () => this.act(clientId, decodeTopicRequests(batch)));
  }

  override async alarm(): Promise<void> {
    this.isAlarmSet = false;
    this.deliverer.retryOwed();
    if (this.deliverer.hasOwed) this.setAlarm();
  }

  private act(clientId: string, requests: readonly TopicRequest[]): Promise<number[]> {
    const batch = new OpenBatch(requests.length);
    for (const [index, request] of requests.entries()) {
      switch (request.type) {
        case "publish":
          this.publish(clientId, request, { batch, index });
          break;
        case "subscribe": {
          const subscriber = this.topic.subscribe(clientId, request.generation, request.subscription);
          if (request.sendRetained) this.deliverer.sendRetained({ subscriber, after: undefined });
          break;
        }
        case "unsubscribe":
          this.topic.unsubscribe(clientId, request.generation, request.topicFilter);
          break;
        case "end":
          this.topic.end(clientId, request.generation);
      }
    }
    batch.settle();
    return batch.whenComplete;
  }

  private publish(clientId: string, { message }: PublishRequest, origin: Origin): void {
    if (isExpired(message, Date.now())) return;
    const route = this.topic.publish(clientId, message);
    const isRefused = typeof route === "number";
    // Until somebody takes it.
    origin.batch.answers[origin.index] = isRefused ? route : ReasonCode.NoMatchingSubscribers;
    if (isRefused) return;
    for (const recipient of route.recipients) this.deliverer.deliver(recipient, origin);
    for (const members of route.groups) this.deliverer.deliverToGroup(members, origin);
  }

  private setAlarm(): void {
    if (this.isAlarmSet) return;
    this.isAlarmSet = true;
    void this.ctx.storage.setAlarm(Date.now() + owedRetryMs);
  }
}
