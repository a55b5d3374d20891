// GET /stats: how much there is of everything, counted when somebody asks.

import { z } from "@hono/zod-openapi";
import { directoryStub, topicStub } from "../objects/stubs.ts";
import type { TopicCounts } from "../objects/topic-object.ts";
import type { Api, Place } from "./context.ts";
import { operation } from "./operation.ts";

const count = z.number().int();

const stats = z
  .strictObject({
    clients: z.strictObject({
      connected: count,
      sleeping: count.openapi({ description: "Away, with a session that waits for them" }),
    }),
    subscriptions: count.openapi({ description: "A wildcard's counts once for each topic object" }),
    retained: z.strictObject({ messages: count, bytes: count }),
    owedMessages: count.openapi({ description: "Kept for sessions that could not be reached" }),
  })
  .openapi("Stats");

const statsOperation = operation("stats:read", "Broker", {
  method: "get",
  path: "/stats",
  operationId: "stats",
  summary: "Count what there is",
  description: "Asks the directory and every topic object.",
  responses: { 200: { description: "The counts", content: { "application/json": { schema: stats } } } },
});

/** Of topic objects that are asked at the same time. */
const askedAtOnce = 6;

export function addStats(api: Api): void {
  api.openapi(statsOperation, async (context) => {
    const { env, settings, namespace } = context.env;
    const [clients, topics] = await Promise.all([
      directoryStub(env, settings, namespace).counts(),
      countsOfTopics(context.env),
    ]);
    const sumOf = (value: (counts: TopicCounts) => number) => topics.reduce((sum, counts) => sum + value(counts), 0);
    return context.json(
      {
        clients,
        subscriptions: sumOf(({ subscriptions }) => subscriptions),
        retained: {
          messages: sumOf(({ retained }) => retained.messages),
          bytes: sumOf(({ retained }) => retained.bytes),
        },
        owedMessages: sumOf(({ owedMessages }) => owedMessages),
      },
      200,
    );
  });
}

async function countsOfTopics({ env, settings, namespace }: Place): Promise<TopicCounts[]> {
  const all: TopicCounts[] = [];
  for (let first = 0; first < settings.topicShards; first += askedAtOnce) {
    const shards = Array.from({ length: Math.min(askedAtOnce, settings.topicShards - first) }, (_, at) => first + at);
    all.push(...(await Promise.all(shards.map((shard) => topicStub(env, settings, namespace, shard).counts()))));
  }
  return all;
}
