// Retained messages for whoever looks at them without a subscription: read page by page, and nothing is changed.

import { isExpired, type Message } from "../message/message.ts";
import { literalPrefix, matchesTopicFilter } from "./topic-filter.ts";
import type { RetainedName, TopicStore } from "./topic-store.ts";

export type RetainedQuery = {
  /** The `filter` of a parsed `TopicFilter`; `undefined` for all of them, those that begin with `$` as well. */
  readonly filter: string | undefined;
  /** Only what this one has published, as `holderOf`; all of them without. */
  readonly publisher?: string | undefined;
  /** The last topic name that was looked at; `undefined` at the start. */
  readonly after: string | undefined;
  readonly most: number;
};

/** In the order of their names' UTF-8 bytes. There may be fewer than asked for, or none, with more to come. */
export type RetainedList = {
  readonly messages: readonly Message[];
  /** Who has published each, as `holderOf`; without in the answer of an older version. */
  readonly publishers?: readonly string[];
  /** Where to go on; `undefined` at the end. */
  readonly after: string | undefined;
};

/** What was deleted, and where to go on. */
export type RetainedDeletion = { readonly deleted: number; readonly after: string | undefined };

/** What one look may cost: names that do not match, and bytes that do. */
const maximumNames = 1_000;
const maximumBytes = 1_048_576;

/** @param read the message of a topic; `undefined` where there is none that can be read */
export function listRetained(
  store: Pick<TopicStore, "retainedNames">,
  read: (topicName: string) => Message | undefined,
  query: RetainedQuery,
  nowMs: number,
): RetainedList {
  const page = pageOf(store, query);
  const messages: Message[] = [];
  const publishers: string[] = [];
  let bytes = 0;
  for (const name of page.names) {
    const message = isExpired(name, nowMs) ? undefined : read(name.topicName);
    if (message === undefined) continue;
    messages.push(message);
    publishers.push(name.publisher);
    bytes += message.payload.length + message.properties.length;
    if (messages.length >= query.most || bytes >= maximumBytes) return { messages, publishers, after: name.topicName };
  }
  return { messages, publishers, after: page.after };
}

/** The names of those that match, expired ones and those that cannot be read as well. */
export function selectRetained(
  store: Pick<TopicStore, "retainedNames">,
  query: RetainedQuery,
): { readonly names: readonly RetainedName[]; readonly after: string | undefined } {
  const page = pageOf(store, query);
  if (page.names.length <= query.most) return page;
  const names = page.names.slice(0, query.most);
  return { names, after: names.at(-1)?.topicName };
}

/** Looks at so many names, and picks those that are asked for. */
function pageOf(store: Pick<TopicStore, "retainedNames">, { filter, publisher, after }: RetainedQuery) {
  const prefix = filter === undefined ? "" : literalPrefix(filter);
  const all = store.retainedNames(after ?? prefix, after !== undefined, maximumNames);
  const end = all.findIndex(({ topicName }) => !topicName.startsWith(prefix));
  const names = (end === -1 ? all : all.slice(0, end)).filter(
    (name) =>
      (filter === undefined || matchesTopicFilter(filter, name.topicName)) &&
      (publisher === undefined || name.publisher === publisher),
  );
  return { names, after: end === -1 && all.length === maximumNames ? all.at(-1)?.topicName : undefined };
}
