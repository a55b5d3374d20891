// Subscriptions that match nothing of what is published, beside those that do, in the same part of the topic tree.

import type { Connection } from "./connection.ts";
import type { Figures } from "./figures.ts";
import { ofEach, openClient, type TargetAddress } from "./target-address.ts";

export type SubscriptionsJob = { readonly kind: "subscriptions"; readonly clients: number; readonly each: number };

const filtersPerSubscribe = 200;
/** They stay connected as long as their broker runs. */
const kept = new Set<Connection>();

export async function subscribeMany(target: TargetAddress, { clients, each }: SubscriptionsJob): Promise<Figures> {
  await ofEach(clients, async (client) => {
    const connection = await openClient(target, { clientId: `many-${client}` });
    kept.add(connection);
    for (let from = 0; from < each; from += filtersPerSubscribe) {
      const count = Math.min(filtersPerSubscribe, each - from);
      const filters = Array.from({ length: count }, (_, index) => filterOf(client * each + from + index));
      await connection.subscribe(filters, 0);
    }
  });
  return {};
}

/** Half of them with wildcards, which are on the way of every published topic, `bench/{run}/{publisher}/{topic}`. */
function filterOf(index: number): string {
  const [group, member] = [Math.floor(index / 100), index % 100];
  const forms = [`bench/+/x${index}/state`, `bench/g${group}/${member}/#`, `bench/g${group}/${member}/state`];
  return forms[index % 4] ?? `bench/g${group}/${member}/level`;
}
