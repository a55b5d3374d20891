// Checks the disks at the end. They must have the subscriptions of the remaining sessions, nothing of sessions that
// have ended, and nothing that still waits to be forwarded.

import { shardOf } from "../../src/core/topic/shard.ts";
import { filterOf, matches } from "./checks.ts";
import type { Client } from "./client.ts";
import type { Host } from "./host.ts";

type SubscriptionRow = {
  readonly client_id: string;
  readonly topic_filter: string;
  readonly generation: string;
  /** A shard may not know that the session has ended, if no message for it has come since. */
  readonly isProbed: boolean;
};
type OwnRow = { readonly topic_filter: string };
type Count = { readonly count: number };

/**
 * @param probed topics that a message was published to after all sessions had ended that were to end
 * @returns what is there and should not be, or should be and is not: a line each
 */
export function checkLeftovers(
  hosts: readonly Host[],
  clients: readonly Client[],
  topicShards: number,
  probed: readonly string[],
): string[] {
  const topics = hosts.filter(({ kind }) => kind === "topic");
  const atTopics = topics.flatMap(({ name, storage }) => {
    const here = probed.filter((topicName) => name.endsWith(`/${shardOf(topicName, topicShards)}`));
    return storage.rows<Omit<SubscriptionRow, "isProbed">>("SELECT * FROM subscription").map((row) => {
      const filter = row.topic_filter.startsWith("$share/") ? filterOf(row.topic_filter) : row.topic_filter;
      return { ...row, isProbed: here.some((topicName) => matches(filter, topicName)) };
    });
  });
  const wrong: string[] = [];
  for (const client of clients) {
    const host = hosts.find(
      ({ kind, name }) => kind === "session" && name === `${client.profile.namespace}/${client.profile.clientId}`,
    );
    if (host !== undefined) wrong.push(...checkClient(client, host, atTopics, topicShards));
  }
  for (const { label, storage } of topics) {
    const owed = countOf(storage.rows<Count>("SELECT count(*) AS count FROM owed"));
    if (owed > 0) wrong.push(`${label} still owes ${owed} messages`);
  }
  return wrong;
}

/** Whether the disk of a session that has ended holds anything that an alarm will still find. */
export function hasLateLeftovers(hosts: readonly Host[], clients: readonly Client[]): boolean {
  const lasting = clients.filter(({ isConnected, isDurable }) => isConnected && isDurable);
  const names = new Set(lasting.map(({ profile }) => `${profile.namespace}/${profile.clientId}`));
  return hosts.some(({ kind, name, storage }) => {
    return kind === "session" && !names.has(name) && !storage.isEmpty && storage.alarmAtMs !== null;
  });
}

function checkClient(client: Client, { storage }: Host, atTopics: readonly SubscriptionRow[], topicShards: number) {
  const { profile, session } = client;
  const { clientId } = profile;
  const isThere = client.isConnected && client.isDurable;
  const known = atTopics.filter((row) => row.client_id === clientId);
  if (!isThere) {
    const wrong = known
      .filter((row) => row.isProbed)
      .map((row) => `topics still know the subscription of ${clientId} to ${row.topic_filter}`);
    return storage.isEmpty ? wrong : [...wrong, `the session of ${clientId} has ended, and is still on disk`];
  }
  const wrong: string[] = [];
  const own = new Set(storage.rows<OwnRow>("SELECT topic_filter FROM subscription").map((row) => row.topic_filter));
  const granted = [...(session?.granted.keys() ?? [])];
  const isUncertain = (topicFilter: string) => session?.uncertain.has(topicFilter) ?? true;
  for (const topicFilter of granted.filter((each) => !isUncertain(each))) {
    const shards = known.filter((row) => row.topic_filter === topicFilter).length;
    const needed = /[+#]/.test(topicFilter) ? topicShards : 1;
    if (shards < needed)
      wrong.push(`topics know the subscription of ${clientId} to ${topicFilter} at ${shards} of ${needed} shards`);
    if (!own.has(topicFilter)) wrong.push(`the session of ${clientId} has lost its subscription to ${topicFilter}`);
  }
  const filters = new Set([...own, ...known.map((row) => row.topic_filter)]);
  for (const topicFilter of filters) {
    if (granted.includes(topicFilter) || isUncertain(topicFilter)) continue;
    wrong.push(`${clientId} has unsubscribed from ${topicFilter}, and is still subscribed`);
  }
  const generations = new Set(known.map((row) => row.generation));
  if (generations.size > 1) wrong.push(`topics know subscriptions of ${generations.size} lives of ${clientId}`);
  for (const table of ["outgoing", "incoming", "will"]) {
    const waiting = countOf(
      storage.rows<Count>(
        `SELECT count(*) AS count FROM ${table} ${table === "will" ? "WHERE due_at_ms IS NOT NULL" : ""}`,
      ),
    );
    if (waiting > 0) wrong.push(`the session of ${clientId} has ${waiting} rows of ${table} left`);
  }
  return wrong;
}

function countOf(rows: readonly Count[]): number {
  return rows[0]?.count ?? 0;
}
