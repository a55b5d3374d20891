// /retained: the messages that new subscribers get at once. MQTT 5.0 section 3.3.1.3.

import { z } from "@hono/zod-openapi";
import type { Message } from "../core/message/message.ts";
import { decodeMessageProperties } from "../core/packet/message-properties.ts";
import { topicLimitsOf } from "../core/session/wire/message-limits.ts";
import { unknownHolder } from "../core/shares/holder.ts";
import { keyOfName, type RetainedList, type RetainedQuery } from "../core/topic/retained-list.ts";
import { shardOf } from "../core/topic/shard.ts";
import { parseTopicFilter } from "../core/topic/topic-filter.ts";
import { isValidTopicName } from "../core/topic/topic-name.ts";
import { textOfUtf8 } from "../core/utf8.ts";
import { topicStub } from "../platform/stubs.ts";
import type { Api, Place } from "./context.ts";
import { ApiError, notFound } from "./errors.ts";
import { base64Of, count, encoding, qos, time, timeOf } from "./formats.ts";
import { failure, operation } from "./operation.ts";
import { cursorOf, pageOf, pageQuery, positionOf } from "./paging.ts";

const publisher = z.string().openapi({
  description:
    "The publisher: `credential/ID`, `jwt/ISSUER/SUBJECT`, `anonymous/CLIENT`, or `api`; null for what was " +
    "retained before the broker kept that",
  example: "credential/0198f3c2",
});

const retainedSchema = z
  .strictObject({
    topic: z.string().openapi({ example: "home/door" }),
    payload: z.string(),
    encoding: encoding.openapi({ description: "`base64` if the payload is not UTF-8" }),
    qos: qos.openapi({ description: "The QoS with which it was published" }),
    expiresAt: time.nullable(),
    contentType: z.string().nullable(),
    responseTopic: z.string().nullable(),
    correlationData: z.string().nullable().openapi({ description: "Base64" }),
    userProperties: z.array(z.tuple([z.string(), z.string()])),
    publisher: publisher.nullable(),
    retainedAt: time.nullable().openapi({
      description: "When the broker retained it; null for what an older version of the broker has stored",
    }),
  })
  .openapi("Retained");

const ofTopic = z.strictObject({
  topic: z.string().openapi({
    description: "Percent-encoded; its slashes may be as they are. A level that is `.` or `..` needs them as %2F",
    example: "home/door",
  }),
});
const noRetained = failure("There is no retained message of this topic");

const topicInBody = z.strictObject({ topic: z.string().openapi({ example: "home/door" }) }).openapi("OfTopic");

const filterText = z
  .string()
  .optional()
  .openapi({ description: "A Topic Filter; without one, all topics, including those that begin with `$`" });
const ofPublisher = publisher.optional().openapi({ description: "Only messages of this publisher" });

const listOperation = operation("retained:read", "Retained messages", {
  method: "get",
  path: "/retained",
  operationId: "listRetained",
  summary: "List retained messages",
  description: "By topic object, and there in the order of their topics. A page also ends after a megabyte.",
  request: {
    query: z.strictObject({
      ...pageQuery,
      filter: filterText,
      publisher: ofPublisher,
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf("RetainedPage", retainedSchema) } } },
  },
});

const listByBodyOperation = operation("retained:read", "Retained messages", {
  method: "post",
  path: "/retained/list",
  operationId: "listRetainedByBody",
  summary: "List retained messages, by a filter of any length",
  description: "The same as `GET /retained`, for a filter that no address can hold.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({ ...pageQuery, filter: filterText, publisher: ofPublisher })
            .openapi("RetainedListing"),
        },
      },
    },
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf("RetainedPage", retainedSchema) } } },
  },
});

const readByBodyOperation = operation("retained:read", "Retained messages", {
  method: "post",
  path: "/retained/read",
  operationId: "readRetainedByBody",
  summary: "Read the retained message of any topic",
  description: "For a topic that no address can hold: one of many bytes, or with a level that is `.` or `..`.",
  request: { body: { required: true, content: { "application/json": { schema: topicInBody } } } },
  responses: {
    200: { description: "The message", content: { "application/json": { schema: retainedSchema } } },
    404: noRetained,
  },
});

const readOperation = operation("retained:read", "Retained messages", {
  method: "get",
  path: "/retained/{topic}",
  operationId: "readRetained",
  summary: "Read a topic's retained message",
  request: { params: ofTopic },
  responses: {
    200: { description: "The message", content: { "application/json": { schema: retainedSchema } } },
    404: noRetained,
  },
});

const deleteOperation = operation("retained:write", "Retained messages", {
  method: "delete",
  path: "/retained/{topic}",
  operationId: "deleteRetained",
  summary: "Delete a topic's retained message",
  description: "Subscribers are not notified. To notify them, publish an empty payload with `retain`.",
  request: { params: ofTopic },
  responses: { 204: { description: "Deleted" }, 404: noRetained },
});

const deletion = z
  .strictObject({
    topic: z.string().optional().openapi({ description: "Only the message of this topic; give nothing else with it" }),
    filter: z.string().optional().openapi({ description: "A Topic Filter", example: "home/#" }),
    publisher: publisher.optional(),
    after: z.string().max(200_000).optional().openapi({ description: "`next` of the answer before" }),
  })
  .refine(
    ({ topic, filter, publisher, after }) =>
      topic === undefined
        ? filter !== undefined || publisher !== undefined
        : filter === undefined && publisher === undefined && after === undefined,
    "give filter, publisher or both, or topic alone",
  )
  .openapi("RetainedDeletion");

export const retainedDeleted = z
  .strictObject({
    deleted: count.openapi({ description: "With this call" }),
    next: z.string().nullable().openapi({ description: "For `after` of the next call; null at the end" }),
  })
  .openapi("RetainedDeleted");

const deleteMatchingOperation = operation("retained:write", "Retained messages", {
  method: "post",
  path: "/retained/delete",
  operationId: "deleteMatchingRetained",
  summary: "Delete retained messages by filter, by publisher, or of any one topic",
  description:
    "Deletes some of them, and answers where to go on: call it again with `after`, until `next` is null. Subscribers are " +
    "not notified.",
  request: { body: { required: true, content: { "application/json": { schema: deletion } } } },
  responses: {
    200: {
      description: "What was deleted",
      content: {
        "application/json": {
          schema: retainedDeleted,
        },
      },
    },
  },
});

export function addRetained(api: Api): void {
  api.openapi(listOperation, async (context) => {
    return context.json(await listed(context.env, context.req.valid("query")), 200);
  });

  api.openapi(listByBodyOperation, async (context) => {
    return context.json(await listed(context.env, context.req.valid("json")), 200);
  });

  api.openapi(deleteMatchingOperation, async (context) => {
    const { topic, after, filter, publisher } = context.req.valid("json");
    if (topic !== undefined) {
      const isDeleted = isValidTopicName(topic) && (await stubOf(context.env, topic).deleteRetained(topic));
      return context.json({ deleted: isDeleted ? 1 : 0, next: null }, 200);
    }
    return context.json(await deleteMatching(context.env, { filter, publisher }, after), 200);
  });

  api.openapi(readByBodyOperation, async (context) => {
    return context.json(await readOf(context.env, context.req.valid("json").topic), 200);
  });

  api.openapi(readOperation, async (context) => {
    return context.json(await readOf(context.env, context.req.valid("param").topic), 200);
  });

  api.openapi(deleteOperation, async (context) => {
    const { topic } = context.req.valid("param");
    if (await stubOf(context.env, topic).deleteRetained(topic)) return context.body(null, 204);
    throw noSuchMessage();
  });
}

type Matching = { readonly filter?: string | undefined; readonly publisher?: string | undefined };

async function deleteMatching(
  place: Place,
  { filter, publisher }: Matching,
  after?: string,
): Promise<z.infer<typeof retainedDeleted>> {
  const { items, next } = await walk(place, filter, after, (topic, query) =>
    topic
      .deleteRetainedMatching({ ...query, publisher, most: maximumDeleted })
      .then(({ deleted, after }) => ({ items: new Array<null>(deleted).fill(null), after })),
  );
  return { deleted: items.length, next };
}

/**
 * Deletes retained messages of one publisher, as many as one request may.
 * @param publisher a holder, from `holderOf`
 * @returns `next` to go on with, or null if all are deleted
 */
export async function deleteRetainedOf(place: Place, publisher: string): Promise<z.infer<typeof retainedDeleted>> {
  let { deleted, next } = await deleteMatching(place, { publisher });
  for (let calls = 1; next !== null && calls < maximumCalls; calls += 1) {
    const more = await deleteMatching(place, { publisher }, next);
    deleted += more.deleted;
    ({ next } = more);
  }
  return { deleted, next };
}

type Listing = {
  limit: number;
  after?: string | undefined;
  filter?: string | undefined;
  publisher?: string | undefined;
};

async function listed(place: Place, { limit, after, filter, publisher }: Listing) {
  const { items, next } = await walk(place, filter, after, (topic, query) =>
    topic.retained({ ...query, publisher, most: limit }).then((list) => ({ items: itemsOf(list), after: list.after })),
  );
  return { items: [...items], next };
}

/** @throws {ApiError} 404 if nothing is retained for this topic */
async function readOf(place: Place, topic: string): Promise<z.infer<typeof retainedSchema>> {
  const query = { filter: topic, after: undefined, most: 1 };
  const [item] = itemsOf(await stubOf(place, topic).retained(query));
  if (item === undefined) throw noSuchMessage();
  return item;
}

/**
 * The position of a list: the shard and the last topic that was read there, or the start of a long topic and its key.
 */
const position = z.tuple([z.number().int().min(0).max(255), z.string().nullable(), z.string().max(100).optional()]);

/** A cursor is part of a URL, which platforms limit to about 16 KB. Each of these characters takes up to six there. */
const maximumStartCharacters = 400;

function positionAt(shard: number, after: string | null): z.infer<typeof position> {
  if (after === null || after.length <= maximumStartCharacters) return [shard, after];
  const start = after.slice(0, maximumStartCharacters);
  // Do not cut a surrogate pair in half.
  return [shard, start.isWellFormed() ? start : start.slice(0, -1), keyOfName(after)];
}

/** One request skips at most this many shards that have nothing to show. */
const maximumCalls = 32;
/** Per call to a topic object; each is one row. */
const maximumDeleted = 1_000;

type Query = Pick<RetainedQuery, "filter" | "after" | "afterKey">;
type Page<Item> = { readonly items: readonly Item[]; readonly after: string | undefined };

/**
 * Reads one topic object after the other until there is something to show.
 * @param read reads a page of one topic object
 */
async function walk<Item>(
  place: Place,
  filterText: string | undefined,
  cursor: string | undefined,
  read: (topic: ReturnType<typeof topicStub>, query: Query) => Promise<Page<Item>>,
): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const { env, settings, namespace } = place;
  const filter = filterText === undefined ? undefined : filterOf(filterText, settings.limits);
  // A filter without wildcards is the name of one topic.
  const only = filter === undefined || filter.isWildcard ? undefined : shardOf(filter.filter, settings.topicShards);
  const start: z.infer<typeof position> = positionOf(cursor, position) ?? [only ?? 0, null];
  let [shard, after, afterKey] = start;
  for (let calls = 0; shard < settings.topicShards; calls += 1) {
    const query = { filter: filter?.filter, after: after ?? undefined, afterKey };
    const list = await read(topicStub(env, settings, namespace, shard), query);
    [shard, after, afterKey] = list.after === undefined ? [shard + 1, null, undefined] : [shard, list.after, undefined];
    const isOver = only !== undefined || shard >= settings.topicShards;
    if (isOver && after === null) return { items: list.items, next: null };
    if (list.items.length > 0 || calls >= maximumCalls) {
      return { items: list.items, next: cursorOf(positionAt(shard, after)) };
    }
  }
  return { items: [], next: null };
}

/** @throws {ApiError} */
function filterOf(text: string, limits: Place["settings"]["limits"]) {
  const filter = parseTopicFilter(text, topicLimitsOf(limits));
  if (filter !== undefined && filter.shareName === undefined) return filter;
  throw new ApiError(400, "invalid-filter", "filter: give a topic filter, such as home/# (percent-encoded: home/%23)");
}

function noSuchMessage(): ApiError {
  return notFound("retained message of this topic");
}

/** @throws {ApiError} 404 if it is not a Topic Name, since nothing can be retained for it */
function stubOf({ env, settings, namespace }: Place, topic: string) {
  if (!isValidTopicName(topic)) throw noSuchMessage();
  return topicStub(env, settings, namespace, shardOf(topic, settings.topicShards));
}

function itemsOf({ messages, publishers = [], retainedAtMs = [] }: RetainedList): z.infer<typeof retainedSchema>[] {
  return messages.map((message, index) =>
    retainedOf(message, publishers[index] ?? unknownHolder, retainedAtMs[index] ?? 0),
  );
}

function retainedOf(
  { topicName, payload, qos, expiresAtMs, properties }: Message,
  publisher: string,
  retainedAtMs: number,
): z.infer<typeof retainedSchema> {
  const { contentType, responseTopic, correlationData, userProperties } = decodeMessageProperties(properties);
  return {
    topic: topicName,
    ...written(payload),
    qos,
    expiresAt: expiresAtMs === 0 ? null : timeOf(expiresAtMs),
    contentType: contentType ?? null,
    responseTopic: responseTopic ?? null,
    correlationData: correlationData === undefined ? null : base64Of(correlationData),
    userProperties: userProperties.map(([name, value]): [string, string] => [name, value]),
    publisher: publisher === unknownHolder ? null : publisher,
    retainedAt: retainedAtMs === 0 ? null : timeOf(retainedAtMs),
  };
}

function written(payload: Uint8Array): { payload: string; encoding: "utf-8" | "base64" } {
  const text = textOfUtf8(payload);
  if (text === undefined) return { payload: base64Of(payload), encoding: "base64" };
  return { payload: text, encoding: "utf-8" };
}
