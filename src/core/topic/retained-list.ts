// Retained messages for whoever looks at them without a subscription: read page by page, and nothing is changed.

import { isExpired, type Message } from "../message/message.ts";
import { literalPrefix, matchesTopicFilter } from "./topic-filter.ts";
import type { TopicStore } from "./topic-store.ts";

export type RetainedQuery = {
  /** The `filter` of a parsed `TopicFilter`; `undefined` for all of them, those that begin with `$` as well. */
  readonly filter: string | undefined;
  /** The last topic name that was looked at; `undefined` at the start. */
  readonly after: string | undefined;
  readonly most: number;
};

/** In the order of their names' UTF-8 bytes. There may be fewer than asked for, or none, with more to come. */
export type RetainedList = {
  readonly messages: readonly Message[];
  /** Where to go on; `undefined` at the end. */
  readonly after: string | undefined;
};

/** What one look may cost: names that do not match, and bytes that do. */
const maximumNames = 1_000;
const maximumBytes = 1_048_576;

/** @param read the message of a topic; `undefined` where there is none that can be read */
export function listRetained(
  store: Pick<TopicStore, "retainedNames">,
  read: (topicName: string) => Message | undefined,
  { filter, after, most }: RetainedQuery,
  nowMs: number,
): RetainedList {
  const prefix = filter === undefined ? "" : literalPrefix(filter);
  const names = store.retainedNames(after ?? prefix, after !== undefined, maximumNames);
  const messages: Message[] = [];
  let bytes = 0;
  for (const { topicName, expiresAtMs } of names) {
    if (!topicName.startsWith(prefix)) return { messages, after: undefined };
    const isWanted = filter === undefined || matchesTopicFilter(filter, topicName);
    const message = isWanted && !isExpired({ expiresAtMs }, nowMs) ? read(topicName) : undefined;
    if (message === undefined) continue;
    messages.push(message);
    bytes += message.payload.length + message.properties.length;
    if (messages.length >= most || bytes >= maximumBytes) return { messages, after: topicName };
  }
  return { messages, after: names.length < maximumNames ? undefined : names.at(-1)?.topicName };
}
