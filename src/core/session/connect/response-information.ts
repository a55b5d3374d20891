// Response Information: below which topic name a client lets others answer its requests. MQTT 5.0 sections 3.1.2.11.6,
// 3.2.2.3.15 and 4.10.

import type { Limits } from "../../limits.ts";
import { isValidTopicName } from "../../topic/topic-name.ts";
import { topicLimitsOf } from "../wire/message-limits.ts";

/** Stands for the client identifier. */
const placeholder = "%c";

/**
 * @param template a topic name, in which `%c` is the client identifier
 * @returns `undefined` if there is none that is the client's own: its identifier would reach into the tree of
 * another client or of the server, or makes no topic name
 */
export function responseInformationOf(template: string, clientId: string, limits: Limits): string | undefined {
  if (template.includes(placeholder) && clientId.includes("/")) return undefined;
  // A function, for `$&` in a client identifier is no pattern.
  const topicName = template.replaceAll(placeholder, () => clientId);
  const isOwn = !topicName.startsWith("$") && isValidTopicName(topicName, topicLimitsOf(limits));
  return isOwn ? topicName : undefined;
}
