// Reads a page of the list of clients. The dashboard's own session comes last, because people look for the others.

import { type Api, itemsOf, type Page } from "../api/api.ts";
import type { Client } from "../api/resources.ts";

const pageSize = 50;

export type ClientQuery = { readonly search?: string; readonly connected?: string };

export async function readClients(
  api: Pick<Api, "call">,
  query: ClientQuery,
  after: string | undefined,
  ownClientId: string,
): Promise<Page<Client>> {
  const parameters = { ...query, limit: String(pageSize), ...(after === undefined ? {} : { after }) };
  const { items, next } = await api.call<Page<Client>>("GET", `/clients?${new URLSearchParams(parameters)}`);
  const others = items.filter(({ clientId }) => clientId !== ownClientId);
  if (next !== null) return { items: others, next };
  const own = items.find(({ clientId }) => clientId === ownClientId) ?? (await findOwn(api, query, after, ownClientId));
  return { items: own === undefined ? others : [...others, own], next };
}

/** Whether an earlier page has it. */
async function findOwn(
  api: Pick<Api, "call">,
  query: ClientQuery,
  after: string | undefined,
  ownClientId: string,
): Promise<Client | undefined> {
  if (after === undefined) return undefined;
  for await (const client of itemsOf<Client>(api, "/clients", { ...query, search: query.search ?? ownClientId })) {
    if (client.clientId === ownClientId) return client;
  }
  return undefined;
}
