// The subscriptions to `$SYS` at a topic object. Asks the directory for the values when there is a new subscription, and
// passes on what the directory publishes.

import type { SysValue } from "../../core/directory/sys-topics.ts";
import type { Recipient } from "../../core/topic/recipient.ts";
import { isSysFilter, sysRecipients } from "../../core/topic/sys-subscription.ts";
import type { Topic } from "../../core/topic/topic.ts";
import type { Subscriber } from "../../core/topic/topic-store.ts";

/** Waits before the directory is asked again, if it could not be reached. */
const retriesMs = [500, 2_000, 8_000];

/** Watchers that are known by name. A list with one more says that there are more. */
export const maximumWatchers = 1_000;

export type SysSubscriptionHandlers = {
  readonly ask: () => Promise<readonly SysValue[]>;
  readonly send: (recipient: Recipient) => void;
};

export class SysSubscriptions {
  private readonly topic: Topic;
  private readonly handlers: SysSubscriptionHandlers;

  constructor(topic: Topic, handlers: SysSubscriptionHandlers) {
    this.topic = topic;
    this.handlers = handlers;
  }

  /** @param sendRetained whether the subscription gets the present values at once */
  onSubscribed(subscriber: Subscriber, sendRetained: boolean): void {
    if (isSysFilter(subscriber.topicFilter)) void this.greet(subscriber, sendRetained);
  }

  /** The clients with such subscriptions: at most one more than `maximumWatchers`, since any client may watch. */
  get clientIds(): string[] {
    const clientIds = new Set<string>();
    for (const { clientId, topicFilter } of this.topic.subscribers()) {
      if (isSysFilter(topicFilter)) clientIds.add(clientId);
      if (clientIds.size > maximumWatchers) break;
    }
    return [...clientIds];
  }

  /** Asks even for a subscription that gets nothing at once, because the directory learns from it that somebody watches. */
  private async greet(subscriber: Subscriber, sendRetained: boolean): Promise<void> {
    const values = await this.ask();
    // The client may have unsubscribed, or subscribed again, which sends the values again.
    const heir = this.topic.heirOf(subscriber);
    if (heir === undefined || !sendRetained || !this.topic.isRetaining) return;
    for (const recipient of sysRecipients(heir, values)) this.handlers.send(recipient);
  }

  private async ask(): Promise<readonly SysValue[]> {
    for (const retryMs of retriesMs) {
      try {
        return await this.handlers.ask();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return this.handlers.ask().catch(() => []);
  }
}
