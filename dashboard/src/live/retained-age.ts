// Whether a message with the RETAIN flag may have been published long before it came. MQTT 5.0 section 3.3.1.3.

import type { Message } from "./topic-tree.ts";

/**
 * A broker sends the retained message of a topic when somebody subscribes, and at no other time. What comes after it, until
 * the page subscribes again, was published when it came.
 *
 * @param history the messages of its topic, the oldest first
 */
export function mayBeOlder(message: Message, history: readonly Message[]): boolean {
  const before = history[history.indexOf(message) - 1];
  return message.isRetained && (before === undefined || before.subscribedAtMs !== message.subscribedAtMs);
}
