// Retained messages for whoever looks at them without a subscription: read page by page, and nothing is changed.

import { sha256 } from "../authentication/hmac.ts";
import { toBase64 } from "../base64.ts";
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
  /** With it `after` is only the start of that name, which it tells from others: see `keyOfName`. */
  readonly afterKey?: string | undefined;
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
/** Names that are compared with a key at once: they are long. */
const comparedNames = 100;

const textEncoder = new TextEncoder();

/** Tells a name from all others that begin alike: its length, which is cheap to compare, and a hash of it. */
export function keyOfName(topicName: string): string {
  return `${topicName.length}-${toBase64(sha256(textEncoder.encode(topicName)))}`;
}

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
function pageOf(store: Pick<TopicStore, "retainedNames">, { filter, publisher, after, afterKey }: RetainedQuery) {
  const prefix = filter === undefined ? "" : literalPrefix(filter);
  const last = after === undefined || afterKey === undefined ? after : nameOf(store, after, afterKey);
  // If that name is gone, the list goes on with all that begin as it did: some may come twice, and none is left out.
  const all = store.retainedNames(last ?? after ?? prefix, last !== undefined, maximumNames);
  const end = all.findIndex(({ topicName }) => !topicName.startsWith(prefix));
  const names = (end === -1 ? all : all.slice(0, end)).filter(
    (name) =>
      (filter === undefined || matchesTopicFilter(filter, name.topicName)) &&
      (publisher === undefined || name.publisher === publisher),
  );
  return { names, after: end === -1 && all.length === maximumNames ? all.at(-1)?.topicName : undefined };
}

/** @returns the name that begins so and has this key; `undefined` if it is gone */
function nameOf(store: Pick<TopicStore, "retainedNames">, start: string, key: string): string | undefined {
  const length = Number.parseInt(key, 10);
  let from = start;
  for (let isAfter = false; ; isAfter = true) {
    const names = store.retainedNames(from, isAfter, comparedNames);
    for (const { topicName } of names) {
      if (!topicName.startsWith(start)) return undefined;
      if (topicName.length === length && keyOfName(topicName) === key) return topicName;
      from = topicName;
    }
    if (names.length < comparedNames) return undefined;
  }
}
