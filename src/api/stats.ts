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
    at: time.openapi({ description: "When this was so" }),
    since: time.openapi({ description: "When counting began" }),
    clients: z.strictObject({
      connected: count,
      sleeping: count.openapi({ description: "Away, with a session that waits for them" }),
      maximum: count.openapi({ description: "The most that were listed as connected at the same time" }),
      expired: count.openapi({ description: "Sessions that ended by their expiry" }),
      connects: count.openapi({ description: "CONNECT packets that were accepted" }),
    }),
    counters: counters.openapi({ description: "Of all sessions, as far as they have told" }),
    rates: rates.openapi({
      description:
        "How often each happens in a second: of every session since it was last asked, together. A busy session is asked " +
        "each time, a quiet one every five minutes at least.",
    }),
    subscriptions: count,
    sharedSubscriptions: count.openapi({ description: "Those of `subscriptions` that begin with `$share`" }),
    retained: z.strictObject({
      messages: count,
      bytes: count,
      publishers: z
        .array(z.strictObject({ publisher: z.string().nullable(), messages: count, bytes: count }))
        .openapi({ description: "Who holds most of them, as `publisher` of a retained message" }),
    }),
    owedMessages: count.openapi({ description: "Kept for sessions that could not be reached" }),
  })
  .openapi("Stats");

const statsOperation = operation("stats:read", "Broker", {
  method: "get",
  path: "/stats",
  operationId: "stats",
  summary: "Count what there is",
  description:
    "Asks the directory, every topic object, and of the sessions with a client the busy ones, and a few that have not been " +
    "asked for long.",
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
