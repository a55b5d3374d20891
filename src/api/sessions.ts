// /sessions: sessions whose clients are away, ordered by their queues.

import { z } from "@hono/zod-openapi";
import type { Client } from "../objects/directory/client-table.ts";
import { storageFailureOf } from "../platform/storage-failure.ts";
import { directoryStub, sessionStub } from "../platform/stubs.ts";
import type { Api, Place } from "./context.ts";
import { time, timeOf } from "./formats.ts";
import { operation } from "./operation.ts";
import { cursorOf, pageOf, pageQuery, positionOf } from "./paging.ts";

const sleepingSession = z
  .strictObject({
    clientId: z.string(),
    identity: z.string(),
    disconnectedSince: time,
    expiresAt: time.nullable().openapi({ description: "When the session ends, if its client stays away" }),
    queue: z.strictObject({ messages: z.number().int(), bytes: z.number().int() }),
  })
  .openapi("SleepingSession");

type SleepingSession = z.infer<typeof sleepingSession>;

/** Every session of a page is asked, which wakes its object. */
const maximumAsked = 200;
const askedAtOnce = 20;

const listOperation = operation("clients:read", "Clients", {
  method: "get",
  path: "/sessions",
  operationId: "listSessions",
  summary: "List sessions whose clients are away, by queue size",
  description:
    "The longest queues first, as reported to the directory: a growing queue is reported at each power of ten. The numbers " +
    "come from the sessions themselves, and order each page.",
  request: {
    query: z.strictObject({
      ...pageQuery,
      limit: pageQuery.limit.pipe(z.number().max(maximumAsked)),
      sort: z.literal("queue").default("queue").openapi({ description: "The only order" }),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf("Sessions", sleepingSession) } } },
  },
});

const position = z.strictObject({ queuedMessages: z.number().int(), clientId: z.string() });

export function addSessions(api: Api): void {
  api.openapi(listOperation, async (context) => {
    const { limit, after } = context.req.valid("query");
    const { env, settings, namespace } = context.env;
    const clients = await directoryStub(env, settings, namespace).sleeping(positionOf(after, position), limit);
    const items = await asked(context.env, clients);
    const last = clients.length < limit ? undefined : clients.at(-1);
    const next = last && cursorOf({ queuedMessages: last.queuedMessages, clientId: last.clientId });
    return context.json({ items, next: next ?? null }, 200);
  });
}

async function asked(place: Place, clients: readonly Client[]): Promise<SleepingSession[]> {
  const sessions: SleepingSession[] = [];
  for (let first = 0; first < clients.length; first += askedAtOnce) {
    const some = clients.slice(first, first + askedAtOnce);
    const answers = await Promise.all(some.map(({ clientId }) => sessionOf(place, clientId)));
    sessions.push(...answers.filter((session) => session !== undefined));
  }
  return sessions.sort((one, other) => other.queue.messages - one.queue.messages);
}

/** @returns `undefined` if the session has ended, its client is back, or its database cannot be used (that is logged) */
async function sessionOf({ env, settings, namespace }: Place, clientId: string): Promise<SleepingSession | undefined> {
  const view = await sessionStub(env, settings, namespace, clientId).inspect().catch(nothingIfUnusable);
  if (view === undefined || view.connection !== undefined) return undefined;
  const { identity, disconnectedAtMs, endsAtMs, queue } = view;
  return {
    clientId,
    identity,
    disconnectedSince: timeOf(disconnectedAtMs),
    expiresAt: endsAtMs === undefined ? null : timeOf(endsAtMs),
    queue,
  };
}

/** Leaves out a session that cannot be read, so that the others are still listed. */
function nothingIfUnusable(error: unknown): undefined {
  if (storageFailureOf(error) === undefined) throw error;
}
