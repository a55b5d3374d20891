// Whether a message with the RETAIN flag may have been published long before it arrived. MQTT 5.0 section 3.3.1.3.

import type { Message } from "./topic-tree.ts";

/**
 * A broker sends the retained message of a topic only when somebody subscribes. Later messages, until the page
 * subscribes again, were published when they arrived.
 *
 * @param history the messages of its topic, oldest first
 */
export function mayBeOlder(message: Message, history: readonly Message[]): boolean {
  const before = history[history.indexOf(message) - 1];
  return message.isRetained && (before === undefined || before.subscribedAtMs !== message.subscribedAtMs);
}
