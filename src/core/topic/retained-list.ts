// Lists retained messages for those who look at them without a subscription. Reads page by page, and changes nothing.

import { sha256 } from "../authentication/hmac.ts";
import { toBase64 } from "../base64.ts";
import { isExpired, type Message } from "../message/message.ts";
import { literalPrefix, matchesTopicFilter } from "./topic-filter.ts";
import type { RetainedName, TopicStore } from "./topic-store.ts";

export type RetainedQuery = {
  /** The `filter` of a parsed `TopicFilter`; `undefined` for all topics, including those that begin with `$`. */
  readonly filter: string | undefined;
  /** Only the messages of this publisher, a holder from `holderOf`; `undefined` for all. */
  readonly publisher?: string | undefined;
  /** The last topic name that was read; `undefined` at the start. */
  readonly after: string | undefined;
  /** If set, `after` is only the start of that name, and this key identifies it: see `keyOfName`. */
  readonly afterKey?: string | undefined;
  readonly most: number;
};

/** In the order of their names' UTF-8 bytes. Even if more follow, there may be fewer than asked for, or none. */
export type RetainedList = {
  readonly messages: readonly Message[];
  /** The publisher of each, a holder from `holderOf`; missing from an object of an older version. */
  readonly publishers?: readonly string[];
  /** `RetainedName.retainedAtMs` of each; missing from an object of an older version. */
  readonly retainedAtMs?: readonly number[];
  /** Where to go on; `undefined` at the end. */
  readonly after: string | undefined;
};

/** What was deleted, and where to go on. */
export type RetainedDeletion = { readonly deleted: number; readonly after: string | undefined };

/** Limits of one call: names that are read, whether they match or not, and bytes of messages that do. */
const maximumNames = 1_000;
const maximumBytes = 1_048_576;
/** Names that are read at once to compare them with a key: they are long. */
const comparedNames = 100;

const textEncoder = new TextEncoder();

/** Identifies a name among all that begin alike: by its length, which is cheap to compare, and a hash. */
export function keyOfName(topicName: string): string {
  return `${topicName.length}-${toBase64(sha256(textEncoder.encode(topicName)))}`;
}

/** @param read reads the message of a topic; `undefined` if there is none, or it cannot be read */
export function listRetained(
  store: Pick<TopicStore, "retainedNames">,
  read: (topicName: string) => Message | undefined,
  query: RetainedQuery,
  nowMs: number,
): RetainedList {
  const page = pageOf(store, query);
  const messages: Message[] = [];
  const publishers: string[] = [];
  const retainedAtMs: number[] = [];
  let bytes = 0;
  for (const name of page.names) {
    const message = isExpired(name, nowMs) ? undefined : read(name.topicName);
    if (message === undefined) continue;
    messages.push(message);
    publishers.push(name.publisher);
    retainedAtMs.push(name.retainedAtMs);
    bytes += message.payload.length + message.properties.length;
    if (messages.length >= query.most || bytes >= maximumBytes)
      return { messages, publishers, retainedAtMs, after: name.topicName };
  }
  return { messages, publishers, retainedAtMs, after: page.after };
}

/** The names of the messages that match, including those that have expired or cannot be read. */
export function selectRetained(
  store: Pick<TopicStore, "retainedNames">,
  query: RetainedQuery,
): { readonly names: readonly RetainedName[]; readonly after: string | undefined } {
  const page = pageOf(store, query);
  if (page.names.length <= query.most) return page;
  const names = page.names.slice(0, query.most);
  return { names, after: names.at(-1)?.topicName };
}

/** Reads up to `maximumNames` names, and picks those that match. */
function pageOf(store: Pick<TopicStore, "retainedNames">, { filter, publisher, after, afterKey }: RetainedQuery) {
  const prefix = filter === undefined ? "" : literalPrefix(filter);
  const last = after === undefined || afterKey === undefined ? after : nameOf(store, after, afterKey);
  // If that name is gone, the list goes on with all names that begin like it: some may come twice, but none is left out.
  const all = store.retainedNames(last ?? after ?? prefix, last !== undefined, maximumNames);
  const end = all.findIndex(({ topicName }) => !topicName.startsWith(prefix));
  const names = (end === -1 ? all : all.slice(0, end)).filter(
    (name) =>
      (filter === undefined || matchesTopicFilter(filter, name.topicName)) &&
      (publisher === undefined || name.publisher === publisher),
  );
  return { names, after: end === -1 && all.length === maximumNames ? all.at(-1)?.topicName : undefined };
}

/** @returns the name with this start and this key; `undefined` if it is gone */
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
