// What revoking a device takes away: its credential, and what it has retained.

import { isDeviceName } from "../../../tools/device-setup/device-setup.ts";
import type { Api, Page } from "../api/api.ts";
import type { Device } from "../api/resources.ts";

export async function revokeDevice(api: Api, { id, identity, username }: Device): Promise<void> {
  await api.call("DELETE", `/credentials/${id}`);
  if (isDeviceName(username)) await clearRetained(api, `devices/${username}/#`);
  await deleteRetainedOf(api, identity);
}

async function clearRetained(api: Api, topicFilter: string): Promise<void> {
  const query = new URLSearchParams({ filter: topicFilter, limit: "1000" });
  const { items } = await api.call<Page<{ topic: string }>>("GET", `/retained?${query}`);
  // By a message, and not by DELETE /retained: that does not reach those who are subscribed.
  for (const { topic } of items) await api.call("POST", "/publish", { topic, payload: "", retain: true, qos: 1 });
}

/** What it has published anywhere else. */
async function deleteRetainedOf(api: Api, publisher: string): Promise<void> {
  let after: string | null | undefined;
  while (after !== null) {
    const request = { publisher, ...(after === undefined ? {} : { after }) };
    after = (await api.call<{ next: string | null }>("POST", "/retained/delete", request)).next;
  }
}
