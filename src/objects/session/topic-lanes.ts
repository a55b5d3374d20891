// A session's lanes to the topic objects: one for each shard it talks to, so that what a client does on one shard
// stays in order. Messages for other members of a shared subscription have lanes of their own. Those members are
// asked one after the other, and a client that comes back must not wait for that.

import type { Effect, RequestToken } from "../../core/session/effect.ts";
import { encodeTopicRequests, type TopicRequest } from "../../core/topic/topic-request.ts";
import { Lane, type LaneHandlers } from "../../platform/lane.ts";
import { topicStub } from "../../platform/stubs.ts";
import type { Settings } from "../../settings/settings.ts";

/**
 * Has room for what a client may do at once: five seconds' worth of `MAXIMUM_PUBLISH_RATE` and `MAXIMUM_SUBSCRIBE_RATE`. A
 * client that comes back may subscribe to thousands of filters in one packet. The lane also has a limit in bytes.
 */
const maximumRequests = 65_536;

type Item = { readonly request: TopicRequest; readonly token: RequestToken | undefined };

export type TopicLaneHandlers = {
  /** See the event "requests answered". */
  readonly onAnswers: (tokens: readonly (RequestToken | null)[], answers: readonly number[]) => void;
  /** See the event "requests unanswered". */
  readonly onUnanswered: (tokens: readonly RequestToken[], messagesDropped: number) => void;
  /** One of them threw. */
  readonly onBroken: (error: unknown) => void;
};

type Lanes = Map<number, Lane<Item, number>>;

export class TopicLanes {
  private readonly lanes: Lanes = new Map();
  private readonly redistributionLanes: Lanes = new Map();
  private readonly env: Env;
  private readonly settings: Settings;
  private readonly namespace: string;
  private readonly clientId: string;
  private readonly handlers: TopicLaneHandlers;

  constructor(env: Env, settings: Settings, namespace: string, clientId: string, handlers: TopicLaneHandlers) {
    this.env = env;
    this.settings = settings;
    this.namespace = namespace;
    this.clientId = clientId;
    this.handlers = handlers;
  }

  request({ shard, request, token, bytes }: Extract<Effect, { type: "request" }>): void {
    const item = { request, token };
    const lanes = request.type === "redistribute" ? this.redistributionLanes : this.lanes;
    if (this.laneTo(shard, lanes).enqueue(item, bytes)) return;
    // A full lane counts as unanswered, but only later, because this may be during the effects of an event.
    queueMicrotask(() => this.onGivenUp([item]));
  }

  private onAnswers(items: readonly Item[], answers: readonly number[]): void {
    this.handlers.onAnswers(
      items.map(({ token }) => token ?? null),
      answers,
    );
  }

  private onGivenUp(items: readonly Item[]): void {
    const tokens = items.flatMap(({ token }) => token ?? []);
    const dropped = items.filter(({ request, token }) => token === undefined && request.type === "publish");
    this.handlers.onUnanswered(tokens, dropped.length);
  }

  private laneTo(shard: number, lanes: Lanes): Lane<Item, number> {
    const existing = lanes.get(shard);
    if (existing !== undefined) return existing;
    const newStub = () => topicStub(this.env, this.settings, this.namespace, shard);
    let stub = newStub();
    const handlers: LaneHandlers<Item, number> = {
      call: (laneId, { sequence, items }, isAgain) => {
        if (isAgain) stub = newStub();
        const batch = encodeTopicRequests(items.map(({ request }) => request));
        return stub.exchange(this.clientId, laneId, sequence, batch, Date.now());
      },
      onAnswers: (items, codes) => this.onAnswers(items, codes),
      onGivenUp: (items) => this.onGivenUp(items),
      onBroken: this.handlers.onBroken,
    };
    const lane = new Lane(handlers, lanes === this.lanes ? { maximumItems: maximumRequests } : {});
    lanes.set(shard, lane);
    return lane;
  }
}
