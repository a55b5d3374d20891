// Devices: the credentials that let them in, whether they are there, and what a new one needs.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isDeviceName } from "../../../tools/device-setup/device-setup.ts";
import { type Api, lineOf, type Page } from "../api/api.ts";
import type { Credential, MadeCredential } from "../api/resources.ts";
import { isOfDashboard } from "../broker/own-credential.ts";
import { confirm } from "../parts/confirm.tsx";
import { dateText, plural } from "../parts/formats.ts";
import { hrefOf } from "../route.ts";
import type { Session } from "../session.ts";
import { AddDevice } from "./add-device.tsx";
import { NewDevice } from "./new-device.tsx";
import type { Presence } from "./presence.ts";

/** How many are listed. The API lists more. */
const maximumListed = 1_000;

export function DevicesPage({ session }: { session: Session }) {
  const { api, presence } = session;
  const credentials = useSignal<readonly Credential[] | undefined>(undefined);
  const made = useSignal<MadeCredential | undefined>(undefined);
  const fault = useSignal("");
  const load = async () => {
    try {
      const { items } = await api.call<Page<Credential>>("GET", `/credentials?limit=${maximumListed}`);
      credentials.value = items;
      fault.value = "";
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  useEffect(() => void load(), [api]);
  const show = (credential: MadeCredential) => {
    made.value = credential;
    window.scrollTo({ top: 0 });
    void load();
  };
  const onRevoked = async ({ id }: Credential) => {
    if (made.value?.id === id) made.value = undefined;
    await load();
  };

  const devices = credentials.value?.filter((credential) => !isOfDashboard(credential));
  const dashboards = (credentials.value?.length ?? 0) - (devices?.length ?? 0);
  return (
    <div class="devices">
      {made.value === undefined ? (
        <AddDevice api={api} onMade={show} />
      ) : (
        <NewDevice
          key={made.value.token}
          credential={made.value}
          session={session}
          onDone={() => {
            made.value = undefined;
          }}
        />
      )}
      <section class="card" aria-labelledby="devices-title">
        <h2 id="devices-title">Devices</h2>
        {fault.value !== "" && (
          <p class="notice bad" role="alert">
            {fault.value}
          </p>
        )}
        {devices?.length === 0 && <p class="dim">None yet: add the first one above.</p>}
        <ul class="lines device-lines">
          {devices?.map((credential) => (
            <DeviceLine
              key={credential.id}
              credential={credential}
              presence={presence.of(credential.username)}
              onNewToken={() => askForNewToken(api, credential, show)}
              onRevoke={() => askToRevoke(api, credential, () => onRevoked(credential))}
            />
          ))}
        </ul>
        {dashboards > 0 && (
          <p class="dim small-text">
            Not listed: {plural(dashboards, "temporary credential")} that the dashboard itself connects with.
          </p>
        )}
      </section>
    </div>
  );
}

type DeviceLineProps = { credential: Credential; presence: Presence; onNewToken: () => void; onRevoke: () => void };

function DeviceLine({ credential, presence, onNewToken, onRevoke }: DeviceLineProps) {
  const { username, name, kind, enabled, expiresAt, createdAt } = credential;
  return (
    <li>
      <span class={`dot ${presence}`} aria-hidden="true" />
      <span class="grow device-name">
        <a class="mono" href={hrefOf("live", `devices/${username}/telemetry`)}>
          {username}
        </a>
        {name !== "" && <span class="dim">{name}</span>}
        <span class="dim small-text">
          {kind}, since {dateText(createdAt)}
          {expiresAt !== null && `, until ${dateText(expiresAt)}`}
        </span>
      </span>
      {!enabled && <span class="badge">switched off</span>}
      <span class={`badge presence ${presence}`}>{presence === "unknown" ? "not seen" : presence}</span>
      <span class="actions">
        {kind === "token" && (
          <button type="button" class="button small" onClick={onNewToken}>
            New token<span class="unseen"> for {username}</span>
          </button>
        )}
        <button type="button" class="button small danger" onClick={onRevoke}>
          Revoke<span class="unseen"> {username}</span>
        </button>
      </span>
    </li>
  );
}

function askForNewToken(api: Api, { id, username }: Credential, onMade: (made: MadeCredential) => void): void {
  confirm({
    question: `A new token for ${username}?`,
    consequence: "The one it has ends at once: the device is disconnected until it shows the new one.",
    action: "Make a new token",
    act: async () => onMade(await api.call<MadeCredential>("POST", `/credentials/${id}/token`)),
  });
}

function askToRevoke(api: Api, { id, identity, username }: Credential, onRevoked: () => Promise<void>): void {
  confirm({
    question: `Revoke ${username}?`,
    consequence:
      "It is disconnected, its session ends, and it cannot come back. What it has published as retained goes too.",
    action: "Revoke",
    act: async () => {
      await api.call("DELETE", `/credentials/${id}`);
      if (isDeviceName(username)) await clearRetained(api, `devices/${username}/#`);
      await deleteRetainedOf(api, identity);
      await onRevoked();
    },
  });
}

async function clearRetained(api: Api, topicFilter: string): Promise<void> {
  const query = new URLSearchParams({ filter: topicFilter, limit: "1000" });
  const { items } = await api.call<Page<{ topic: string }>>("GET", `/retained?${query}`);
  // By a message, and not by DELETE /retained: those who are subscribed hear of it.
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
