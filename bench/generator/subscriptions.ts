// Extra subscriptions that match no published message, in the same part of the topic tree as those that do.

import type { Connection } from "./connection.ts";
import type { Figures } from "./figures.ts";
import { ofEach, openClient, type TargetAddress } from "./target-address.ts";

export type SubscriptionsJob = { readonly kind: "subscriptions"; readonly clients: number; readonly each: number };

const filtersPerSubscribe = 200;
const clientsAtOnce = 10;
/** They stay connected as long as their broker runs. */
const kept = new Set<Connection>();

/** Sends one packet after the other, for a few clients at a time. */
export async function subscribeMany(target: TargetAddress, { clients, each }: SubscriptionsJob): Promise<Figures> {
  for (let from = 0; from < clients; from += clientsAtOnce) {
    await ofEach(Math.min(clientsAtOnce, clients - from), (index) => subscribeOne(target, from + index, each));
  }
  return {};
}

async function subscribeOne(target: TargetAddress, client: number, filters: number): Promise<void> {
  const connection = await openClient(target, { clientId: `many-${client}` });
  kept.add(connection);
  for (let from = 0; from < filters; from += filtersPerSubscribe) {
    const count = Math.min(filtersPerSubscribe, filters - from);
    const packet = Array.from({ length: count }, (_, index) => filterOf(client * filters + from + index));
    await connection.subscribe(packet, 0);
  }
}

/** Half of them have wildcards and lie on the path of every published topic, `bench/{run}/{publisher}/{topic}`. */
function filterOf(index: number): string {
  const [group, member] = [Math.floor(index / 100), index % 100];
  const forms = [`bench/+/x${index}/state`, `bench/g${group}/${member}/#`, `bench/g${group}/${member}/state`];
  return forms[index % 4] ?? `bench/g${group}/${member}/level`;
}
