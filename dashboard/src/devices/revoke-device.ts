// Revokes a device: removes its credential and its retained messages.

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
  // Clears it with a message and not with DELETE /retained, because that does not reach subscribers.
  for (const { topic } of items) await api.call("POST", "/publish", { topic, payload: "", retain: true, qos: 1 });
}

/** Deletes what it has retained under other topics. */
async function deleteRetainedOf(api: Api, publisher: string): Promise<void> {
  let after: string | null | undefined;
  while (after !== null) {
    const request = { publisher, ...(after === undefined ? {} : { after }) };
    after = (await api.call<{ next: string | null }>("POST", "/retained/delete", request)).next;
  }
}
