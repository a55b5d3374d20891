// Subscriptions to what the broker says of itself, `$SYS/…`: no wildcard stands for that first level [MQTT-4.7.2-1].

import type { SysValue } from "../directory/sys-topics.ts";
import type { Message } from "../message/message.ts";
import { type Recipient, recipientOf } from "./recipient.ts";
import { matchesTopicFilter, parseTopicFilter } from "./topic-filter.ts";
import type { Subscriber } from "./topic-store.ts";

const textEncoder = new TextEncoder();

/** Whether it may get anything of `$SYS`; of a shared subscription the filter inside counts. */
export function isSysFilter(topicFilter: string): boolean {
  return topicFilter.includes("$SYS/") && /^\$SYS\//.test(parseTopicFilter(topicFilter)?.filter ?? "");
}

/** At QoS 0: it is out of date soon, and never worth a row. Live, or as retained for a new subscription. */
export function sysMessage({ topicName, text }: SysValue): Message {
  const payload = textEncoder.encode(text);
  return { id: "", topicName, qos: 0, retain: false, expiresAtMs: 0, properties: new Uint8Array(), payload };
}

/**
 * What a new subscription gets at once, with the RETAIN flag [MQTT-3.3.1-8]. A shared one gets nothing. Section 4.8.2.
 * @param values all that there are
 */
export function sysRecipients(subscriber: Subscriber, values: readonly SysValue[]): Recipient[] {
  const parsed = parseTopicFilter(subscriber.topicFilter);
  if (parsed === undefined || parsed.shareName !== undefined) return [];
  return values
    .filter(({ topicName }) => matchesTopicFilter(parsed.filter, topicName))
    .map((value) => recipientOf(sysMessage(value), subscriber, true));
}
