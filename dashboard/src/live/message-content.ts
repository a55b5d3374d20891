// Reads the content of each message once, because messages do not change and are drawn many times.

import { type Content, contentOf, summaryOf } from "./payload.ts";
import type { Message } from "./topic-tree.ts";

const maximumSummary = 200;
const contents = new WeakMap<Message, Content>();
const summaries = new WeakMap<Message, string>();

export function contentOfMessage(message: Message): Content {
  return known(contents, message, () => contentOf(message.payload, message.payload.length === message.payloadBytes));
}

/** One line of the content, for lists. */
export function summaryOfMessage(message: Message): string {
  return known(summaries, message, () => summaryOf(contentOfMessage(message)).slice(0, maximumSummary));
}

function known<Value>(values: WeakMap<Message, Value>, message: Message, read: () => Value): Value {
  const before = values.get(message);
  if (before !== undefined) return before;
  const value = read();
  values.set(message, value);
  return value;
}
