// GET /stats: how much there is of everything, and how often it has happened, asked when somebody asks.

import { z } from "@hono/zod-openapi";
import { topicTotalsOf } from "../core/directory/broker-stats.ts";
import { directoryStub } from "../objects/stubs.ts";
import type { Api } from "./context.ts";
import { counters, countersOf, rates } from "./counters.ts";
import { count, time, timeOf } from "./formats.ts";
import { operation } from "./operation.ts";

const stats = z
  .strictObject({
    at: time.openapi({ description: "When this was counted" }),
    since: time.openapi({ description: "When counting began" }),
    clients: z.strictObject({
      connected: count,
      sleeping: count.openapi({ description: "Clients that are away, with a session that waits for them" }),
      maximum: count.openapi({ description: "The most clients that were listed as connected at the same time" }),
      expired: count.openapi({ description: "Sessions that ended by their expiry" }),
      connects: count.openapi({ description: "CONNECT packets that were accepted" }),
    }),
    counters: counters.openapi({ description: "The counters of all sessions, as far as they have reported them" }),
    rates: rates.openapi({
      description:
        "How often each happens per second: the sum over all sessions, each since it was last asked. A busy session is asked " +
        "each time, a quiet one at least every five minutes.",
    }),
    subscriptions: count,
    sharedSubscriptions: count.openapi({ description: "How many of `subscriptions` begin with `$share`" }),
    retained: z.strictObject({
      messages: count,
      bytes: count,
      publishers: z
        .array(z.strictObject({ publisher: z.string().nullable(), messages: count, bytes: count }))
        .openapi({ description: "The publishers with the most of them, as `publisher` of a retained message" }),
    }),
    owedMessages: count.openapi({ description: "Messages kept for sessions that could not be reached" }),
  })
  .openapi("Stats");

const statsOperation = operation("stats:read", "Broker", {
  method: "get",
  path: "/stats",
  operationId: "stats",
  summary: "Read the broker's statistics",
  description:
    "Asks the directory and every topic object, and of the sessions with connected clients the busy ones and a few that " +
    "have not been asked for long.",
  responses: { 200: { description: "The counts", content: { "application/json": { schema: stats } } } },
});

export function addStats(api: Api): void {
  api.openapi(statsOperation, async (context) => {
    const { env, settings, namespace } = context.env;
    const { atMs, clients, totals, rates, topics } = await directoryStub(env, settings, namespace).stats();
    const { maximumClients: maximum, expiredClients: expired, sinceMs, counts } = totals;
    const { retained, ...topicTotals } = topicTotalsOf(topics);
    const publishers = retained.publishers.map((one) => ({ ...one, publisher: one.publisher || null }));
    return context.json(
      {
        at: timeOf(atMs),
        since: timeOf(sinceMs),
        clients: { ...clients, maximum, expired, connects: counts.connects },
        counters: countersOf(counts),
        rates: { ...rates },
        ...topicTotals,
        retained: { ...retained, publishers },
      },
      200,
    );
  });
}
