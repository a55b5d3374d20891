// Searches the list of clients, which the API has only in pages; and names their users.

import type { Api, Page } from "../api/api.ts";
import type { Client, Credential } from "../api/resources.ts";

const pageSize = 1_000;
/** More are of no use on a screen. */
export const maximumFound = 200;

export type Usernames = ReadonlyMap<string, string>;

/** By identity, for clients with a credential. */
export async function usernamesOf(api: Api): Promise<Usernames> {
  const usernames = new Map<string, string>();
  await forEachOf<Credential>(api, "/credentials", {}, ({ identity, username }) => {
    usernames.set(identity, username);
    return true;
  });
  return usernames;
}

/** @returns at most `maximumFound` clients whose identifier or username contains the text, in any case */
export async function findClients(
  api: Api,
  query: Readonly<Record<string, string>>,
  text: string,
  usernames: Usernames,
): Promise<Client[]> {
  const found: Client[] = [];
  const wanted = text.toLowerCase();
  await forEachOf<Client>(api, "/clients", query, (client) => {
    const texts = [client.clientId, usernames.get(client.identity) ?? ""];
    if (texts.some((one) => one.toLowerCase().includes(wanted))) found.push(client);
    return found.length < maximumFound;
  });
  return found;
}

/** The dashboard's own session comes last: people look for others. */
export function ownLast(clients: readonly Client[], ownClientId: string): Client[] {
  const isOwn = ({ clientId }: Client) => clientId === ownClientId;
  return [...clients.filter((client) => !isOwn(client)), ...clients.filter(isOwn)];
}

/** @param take returns whether to go on */
async function forEachOf<Item>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string>>,
  take: (item: Item) => boolean,
): Promise<void> {
  let after: string | null = "";
  while (after !== null) {
    const parameters = new URLSearchParams({ ...query, limit: String(pageSize), ...(after === "" ? {} : { after }) });
    const page: Page<Item> = await api.call("GET", `${path}?${parameters}`);
    for (const item of page.items) if (!take(item)) return;
    after = page.next;
  }
}
