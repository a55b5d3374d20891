// A topic object's core without its object, for the tests of its parts.

import { allCapabilities, type Capabilities } from "../../../src/core/capabilities.ts";
import { defaultLimits, type Limits } from "../../../src/core/limits.ts";
import type { Message } from "../../../src/core/message/message.ts";
import { type Route, Topic } from "../../../src/core/topic/topic.ts";
import type { TopicSubscription } from "../../../src/core/topic/topic-request.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

type Given = { store?: MemoryTopicStore; capabilities?: Partial<Capabilities> } & Partial<Limits>;

export function topicWith({ store = new MemoryTopicStore(), capabilities, ...limits }: Given = {}) {
  const settings = {
    limits: { ...defaultLimits, ...limits },
    capabilities: { ...allCapabilities, ...capabilities },
  };
  return new Topic(store, settings, () => "random");
}

export function to(topicFilter: string, options: Partial<TopicSubscription> = {}): TopicSubscription {
  return { topicFilter, qos: 2, noLocal: false, retainAsPublished: false, subscriptionIdentifier: 0, ...options };
}

export function message(topicName: string, fields: Partial<Message> = {}): Message {
  const bytes = { properties: new Uint8Array(), payload: Uint8Array.of(1) };
  return { id: "", topicName, qos: 2, retain: false, expiresAtMs: 0, ...bytes, ...fields };
}

export function route(topic: Topic, published: Message, publisherId = "publisher"): Route {
  const answer = topic.publish(publisherId, published, 0);
  if (typeof answer === "number") throw new Error(`refused: ${answer}`);
  return answer;
}

export function clientsOf({ recipients }: Route): string[] {
  return recipients.map(({ clientId }) => clientId).sort();
}
