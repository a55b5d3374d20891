// Which requests of a session share a lane to a topic object, and which do not wait for each other.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Message } from "../../../src/core/message/message.ts";
import { decodeTopicRequests, type TopicRequest } from "../../../src/core/topic/topic-request.ts";
import { TopicLanes } from "../../../src/objects/session/topic-lanes.ts";
import { readSettings } from "../../../src/settings/settings.ts";

const bytes = new Uint8Array();
const message: Message = {
  id: "",
  topicName: "a",
  qos: 1,
  retain: false,
  expiresAtMs: 0,
  properties: bytes,
  payload: bytes,
};
const publish: TopicRequest = { type: "publish", message };
const offer: TopicRequest = {
  type: "redistribute",
  generation: "g",
  topicFilter: "$share/s/a",
  message,
  isOrphaned: false,
};
const end: TopicRequest = { type: "end", generation: "g" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the lanes of a session", () => {
  it("carry what goes to one topic object in order, in one call", async () => {
    const { lanes, calls } = lanesWith(async (requests) => requests.map(() => 0));
    for (const request of [publish, end, publish]) send(lanes, request);
    await vi.advanceTimersByTimeAsync(10);
    expect(calls).toEqual([["publish", "end", "publish"]]);
  });

  it("let nothing wait for members of a shared subscription that are asked one after the other", async () => {
    const { lanes, answered } = lanesWith((requests) =>
      requests.some(({ type }) => type === "redistribute")
        ? new Promise(() => {})
        : Promise.resolve(requests.map(() => 0)),
    );
    send(lanes, offer);
    await vi.advanceTimersByTimeAsync(10);
    send(lanes, publish);
    await vi.advanceTimersByTimeAsync(10);
    expect(answered()).toBe(1);
  });

  it("have room for what the client sends, however much is offered", async () => {
    const { lanes, answered, unanswered } = lanesWith(async (requests) => requests.map(() => 0));
    for (let count = 0; count < 10_000; count += 1) send(lanes, offer);
    send(lanes, publish);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([answered(), unanswered()]).toEqual([10_001, 0]);
  });
});

/** @param answer one code for each request */
function lanesWith(answer: (requests: readonly TopicRequest[]) => Promise<number[]>) {
  const calls: string[][] = [];
  const exchange = (_clientId: string, _laneId: string, _sequence: number, batch: Uint8Array) => {
    const requests = decodeTopicRequests(batch);
    calls.push(requests.map(({ type }) => type));
    return answer(requests);
  };
  const env = { TOPIC: { getByName: () => ({ exchange }) } } as unknown as Env;
  let answered = 0;
  let unanswered = 0;
  const lanes = new TopicLanes(env, readSettings({}), "default", "c1", {
    onAnswers: (tokens) => {
      answered += tokens.length;
    },
    onUnanswered: (tokens) => {
      unanswered += tokens.length;
    },
    onBroken: (error) => {
      throw error;
    },
  });
  return { lanes, calls, answered: () => answered, unanswered: () => unanswered };
}

function send(lanes: TopicLanes, request: TopicRequest): void {
  lanes.request({ type: "request", shard: 0, request, bytes: 100, token: { type: "will", id: "w" } });
}
