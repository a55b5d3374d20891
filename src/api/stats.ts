// GET /stats: the broker's counts and rates, collected when somebody asks.

import { z } from "@hono/zod-openapi";
import { sharedLimitTotalsOf, topicTotalsOf } from "../core/directory/broker-stats.ts";
import { settingOf } from "../core/shares/reached.ts";
import { directoryStub } from "../platform/stubs.ts";
import type { Api } from "./context.ts";
import { counters, countersOf, rates } from "./counters.ts";
import { count, time, timeOf } from "./formats.ts";
import { operation } from "./operation.ts";

const sharedLimit = z.strictObject({
  setting: z.string().openapi({ description: "The variable that sets the limit", example: "MAXIMUM_SESSIONS" }),
  used: count,
  maximum: count.openapi({
    description:
      "How much there may be in the whole namespace. `MAXIMUM_SESSIONS` and `MAXIMUM_NAMESPACE_QUEUED_BYTES` are limits of " +
      "the namespace. The others are limits of each topic object: `used` is the sum over all topic objects that answered, " +
      "and `maximum` is the limit times their number.",
  }),
  largest: z
    .array(
      z.strictObject({
        holder: z
          .string()
          .nullable()
          .openapi({
            description:
              "`credential/…` or another identity, `anonymous/` and a client identifier, or `api`; for `MAXIMUM_OWED_MESSAGES` " +
              "it is `session/` and a client identifier. Null for what an older version has stored without a holder.",
          }),
        amount: count,
      }),
    )
    .openapi({
      description:
        "At most five holders, the one with the most first. Topic objects report only their largest holders, so that a " +
        "holder with little at each may have more than this.",
    }),
});

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
    sharedLimits: z.array(sharedLimit).openapi({
      description:
        "The limits that all clients of the namespace share, always in the same order. A limit is left out if nothing " +
        "could be found out about it.",
    }),
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
    const brokerStats = await directoryStub(env, settings, namespace).stats();
    const { atMs, clients, totals, rates, topics } = brokerStats;
    const { maximumClients: maximum, expiredClients: expired, sinceMs, counts } = totals;
    const { retained, ...topicTotals } = topicTotalsOf(topics);
    const publishers = retained.publishers.map((one) => ({ ...one, publisher: one.publisher || null }));
    const sharedLimits = sharedLimitTotalsOf(brokerStats).map(({ limit, used, maximum, largest }) => ({
      setting: settingOf(limit),
      used,
      maximum,
      largest: largest.map(({ holder, amount }) => ({ holder: holder || null, amount })),
    }));
    return context.json(
      {
        at: timeOf(atMs),
        since: timeOf(sinceMs),
        clients: { ...clients, maximum, expired, connects: counts.connects },
        counters: countersOf(counts),
        rates: { ...rates },
        ...topicTotals,
        retained: { ...retained, publishers },
        sharedLimits,
      },
      200,
    );
  });
}
