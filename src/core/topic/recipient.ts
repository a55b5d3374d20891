// What a subscription makes of a message: the delivery to its session.

import type { Delivery, Message, QoS } from "../message/message.ts";
import { isSharedText } from "./topic-filter.ts";
import type { Subscriber } from "./topic-store.ts";

/** A delivery to one session. */
export type Recipient = { readonly clientId: string; readonly generation: string; readonly delivery: Delivery };

/** @param retain the RETAIN flag to send */
export function recipientOf(message: Message, subscriber: Subscriber, retain: boolean): Recipient {
  const { clientId, generation, qos, subscriptionIdentifier, topicFilter } = subscriber;
  const delivery: Delivery = {
    message,
    qos: Math.min(message.qos, qos) as QoS,
    retain,
    subscriptionIdentifiers: subscriptionIdentifier === 0 ? [] : [subscriptionIdentifier],
    sharedFilter: isSharedText(topicFilter) ? topicFilter : "",
  };
  return { clientId, generation, delivery };
}

/** Overlapping subscriptions of one session that are not shared become one delivery [MQTT-3.3.4-2], [MQTT-3.3.4-4]. */
export class Recipients {
  readonly all: Recipient[] = [];
  /** Places in `all`, by session. Made for the second recipient: most messages have one. */
  private places: Map<string, number> | undefined;

  add(recipient: Recipient): void {
    const { all } = this;
    const [first] = all;
    if (first !== undefined) this.places ??= new Map([[keyOf(first), 0]]);
    const place = this.places?.get(keyOf(recipient));
    const other = place === undefined ? undefined : all[place];
    if (place !== undefined && other !== undefined) {
      all[place] = merge(other, recipient);
    } else {
      this.places?.set(keyOf(recipient), all.length);
      all.push(recipient);
    }
  }
}

function keyOf({ clientId, generation }: Recipient): string {
  return clientId + generation;
}

function merge(one: Recipient, other: Recipient): Recipient {
  const delivery: Delivery = {
    message: one.delivery.message,
    qos: Math.max(one.delivery.qos, other.delivery.qos) as QoS,
    retain: one.delivery.retain || other.delivery.retain,
    subscriptionIdentifiers: [...one.delivery.subscriptionIdentifiers, ...other.delivery.subscriptionIdentifiers],
    sharedFilter: "",
  };
  return { ...one, delivery };
}
