// After a crash, what a new subscriber is given: of each topic the retained message that was acknowledged last, or a
// later one. MQTT 5.0 section 3.3.1.3.

import type { CrashingServer } from "./crashing-server.ts";
import type { Publisher } from "./publisher.ts";
import { Subscriber } from "./subscriber.ts";

/** A topic with a retained message that was acknowledged, and its number. */
export type Kept = { readonly topicName: string; readonly number: number };

const withinMs = 20_000;

export function lastAcknowledged(publishers: readonly Publisher[]): Kept[] {
  return publishers
    .flatMap(({ topics }) => topics.filter(({ retain }) => retain))
    .map(({ name, isAcknowledged }) => ({ topicName: name, number: isAcknowledged.lastIndexOf(true) }))
    .filter(({ number }) => number >= 0);
}

/** @returns what is missing or older than that; a line each */
export async function findOldRetained(server: CrashingServer, kept: readonly Kept[], round: number): Promise<string[]> {
  const topicNames = kept.map(({ topicName }) => topicName);
  if (topicNames.length === 0) return [];
  const visitor = new Subscriber(server, {
    clientId: `visitor-${round}`,
    version: 5,
    path: "native WebSocket",
    connect: { properties: { sessionExpiryInterval: 0 } },
    filters: topicNames,
    qos: 1,
  });
  await visitor.start(withinMs);
  await visitor.has(topicNames, withinMs);
  await visitor.client.leave();
  // Later ones may have followed: the retained message came first.
  const found = kept.map((each) => ({ ...each, found: visitor.tally.lowest(each.topicName) }));
  return found
    .filter(({ number, found }) => found < number)
    .map(({ topicName, number, found }) => `${topicName} in round ${round}: ${found} after ${number}`);
}
