// Clients: a page of the directory's list on the left, one session on the right.

import { useSignal } from "@preact/signals";
import { lineOf, type Page } from "../api/api.ts";
import type { Client } from "../api/resources.ts";
import { Fault } from "../parts/fault.tsx";
import { agoText, countText, plural } from "../parts/formats.ts";
import { Pager } from "../parts/pager.tsx";
import { usePoll } from "../parts/poll.ts";
import { SearchField } from "../parts/search-field.tsx";
import { goTo, hrefOf, route } from "../route.ts";
import type { SignedIn } from "../sign-in.ts";
import { type ClientQuery, readClients } from "./read-clients.ts";
import { SessionDetails } from "./session-details.tsx";
import { versionNames } from "./version-names.ts";

const pollEveryMs = 5_000;

export function ClientsPage({ signedIn }: { signedIn: SignedIn }) {
  const selected = route.value.page === "clients" ? route.value.selected : undefined;
  const which = useSignal<"" | "true" | "false">("");
  /** The cursors of the pages before this one, and its own at the end; the first page has none. */
  const cursors = useSignal<readonly string[]>([]);
  const page = useSignal<Page<Client> | undefined>(undefined);
  const fault = useSignal("");
  const search = useSignal("");
  const ownClientId = signedIn.connection.clientId.value;
  const load = async () => {
    const [text, connected, after] = [search.value, which.value, cursors.value.at(-1)];
    try {
      const answer = await readClients(signedIn.api, queryOf(text, connected), after, ownClientId);
      if (text !== search.value || connected !== which.value || after !== cursors.value.at(-1)) return;
      page.value = answer;
      fault.value = "";
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  usePoll(load, pollEveryMs, [signedIn, which.value, cursors.value, search.value, ownClientId]);
  const next = page.value?.next ?? null;
  const turnTo = (changed: readonly string[]) => {
    cursors.value = changed;
  };

  return (
    <div class={selected === undefined ? "" : "split has-selected"}>
      <section class="card list" aria-label="Clients">
        <div class="bar">
          <SearchField
            label="Find clients"
            placeholder="Find a client"
            onSearch={(text) => {
              search.value = text;
              cursors.value = [];
            }}
          />
          <label class="inline">
            <span>Show</span>
            <select
              value={which.value}
              onChange={(event) => {
                which.value = event.currentTarget.value as "" | "true" | "false";
                cursors.value = [];
              }}
            >
              <option value="">all sessions</option>
              <option value="true">connected</option>
              <option value="false">sleeping</option>
            </select>
          </label>
          {(cursors.value.length > 0 || next !== null) && (
            <Pager
              text={`Page ${cursors.value.length + 1}`}
              onPrevious={cursors.value.length === 0 ? undefined : () => turnTo(cursors.value.slice(0, -1))}
              onNext={next === null ? undefined : () => turnTo([...cursors.value, next])}
            />
          )}
        </div>
        <Fault line={fault.value} />
        <ClientList clients={page.value?.items} selected={selected} ownClientId={ownClientId} />
      </section>
      {selected !== undefined && (
        <div class="side">
          <SessionDetails
            key={selected}
            clientId={selected}
            api={signedIn.api}
            onChange={() => void load()}
            onGone={() => {
              goTo("clients");
              void load();
            }}
          />
        </div>
      )}
    </div>
  );
}

function queryOf(search: string, connected: string): ClientQuery {
  return { ...(search === "" ? {} : { search }), ...(connected === "" ? {} : { connected }) };
}

type ClientListProps = {
  clients: readonly Client[] | undefined;
  selected: string | undefined;
  ownClientId: string;
};

function ClientList({ clients, selected, ownClientId }: ClientListProps) {
  if (clients === undefined) return <p class="nothing dim">Loading …</p>;
  if (clients.length === 0) return <p class="nothing dim">No clients.</p>;
  return (
    <>
      <div class="client-heads dim small-text" aria-hidden="true">
        <span />
        <span>Client</span>
        <span class="username">User</span>
        <span class="address">Address</span>
        <span class="queue">Queue</span>
        <span>MQTT</span>
        <span class="since">Since</span>
      </div>
      <ul class="lines client-lines">
        {clients.map(({ clientId, connected, protocolVersion, username, name, address, queuedMessages, since }) => (
          <li key={clientId}>
            <a href={hrefOf("clients", clientId)} aria-current={clientId === selected ? "true" : undefined}>
              <span class={`dot ${connected ? "online" : "offline"}`} title={connected ? "connected" : "sleeping"} />
              <span class="clip mono" title={clientId}>
                {clientId}
              </span>
              <span class="unseen">{connected ? "connected" : "sleeping"}</span>
              <span class="username clip dim">
                {clientId === ownClientId ? "this dashboard" : name || (username ?? "–")}
              </span>
              <span class="address clip dim" title={address ?? "not known, or this machine's"}>
                {address ?? "–"}
              </span>
              <span class="queue dim" title={plural(queuedMessages, "message")}>
                {queuedMessages === 0 ? "–" : countText(queuedMessages)}
              </span>
              <span class="dim">{versionNames[protocolVersion]}</span>
              <span class="dim since">{agoText(since, Date.now())}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
