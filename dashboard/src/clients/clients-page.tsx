// Clients: a page of the directory's list on the left, one session on the right.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lineOf, type Page } from "../api/api.ts";
import type { Client } from "../api/resources.ts";
import { agoText } from "../parts/formats.ts";
import { Pager } from "../parts/pager.tsx";
import { usePoll } from "../parts/poll.ts";
import { SearchField } from "../parts/search-field.tsx";
import { goTo, hrefOf, route } from "../route.ts";
import type { Session } from "../session.ts";
import { findClients, maximumFound, ownLast, type Usernames, usernamesOf } from "./find-clients.ts";
import { SessionDetails } from "./session-details.tsx";
import { versionNames } from "./version-names.ts";

const pollEveryMs = 5_000;
/** A search reads the whole list. */
const searchEveryMs = 30_000;
const pageSize = 50;

export function ClientsPage({ session }: { session: Session }) {
  const selected = route.value.page === "clients" ? route.value.selected : undefined;
  const which = useSignal<"" | "true" | "false">("");
  /** The cursors of the pages before this one, and its own at the end; the first page has none. */
  const cursors = useSignal<readonly string[]>([]);
  const page = useSignal<Page<Client> | undefined>(undefined);
  const fault = useSignal("");
  const search = useSignal("");
  const usernames = useSignal<Usernames>(new Map());
  useEffect(() => {
    // A token that may not read credentials sees clients without usernames.
    usernamesOf(session.api).then(
      (known) => {
        usernames.value = known;
      },
      () => {},
    );
  }, [session]);
  const load = async () => {
    const asked = search.value;
    try {
      const answer = asked === "" ? await readPage() : { items: await find(asked), next: null };
      if (asked !== search.value) return;
      page.value = answer;
      fault.value = "";
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  const readPage = () =>
    session.api.call<Page<Client>>("GET", `/clients?${queryOf(which.value, cursors.value.at(-1))}`);
  const find = (text: string) =>
    findClients(session.api, which.value === "" ? {} : { connected: which.value }, text, usernames.value);
  const everyMs = search.value === "" ? pollEveryMs : searchEveryMs;
  usePoll(load, everyMs, [session, which.value, cursors.value, search.value, usernames.value]);
  const next = page.value?.next ?? null;
  const turnTo = (changed: readonly string[]) => {
    cursors.value = changed;
  };

  return (
    <div class={`split ${selected === undefined ? "" : "has-selected"}`}>
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
        {fault.value !== "" && (
          <p class="notice bad" role="alert">
            {fault.value}
          </p>
        )}
        <ClientList
          clients={page.value && ownLast(page.value.items, session.connection.clientId.value)}
          selected={selected}
          usernames={usernames.value}
          ownClientId={session.connection.clientId.value}
        />
        {search.value !== "" && page.value?.items.length === maximumFound && (
          <p class="notice">Only the first {maximumFound} matches are shown. Search for more of the name.</p>
        )}
      </section>
      <div class="side">
        {selected === undefined ? (
          <section class="card hint">
            <p class="dim">Choose a client to see its session.</p>
          </section>
        ) : (
          <SessionDetails
            key={selected}
            clientId={selected}
            api={session.api}
            onChange={() => void load()}
            onGone={() => {
              goTo("clients");
              void load();
            }}
          />
        )}
      </div>
    </div>
  );
}

function queryOf(connected: string, after: string | undefined): string {
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (connected !== "") query.set("connected", connected);
  if (after !== undefined) query.set("after", after);
  return query.toString();
}

type ClientListProps = {
  clients: readonly Client[] | undefined;
  selected: string | undefined;
  usernames: Usernames;
  ownClientId: string;
};

function ClientList({ clients, selected, usernames, ownClientId }: ClientListProps) {
  if (clients === undefined) return <p class="nothing dim">Loading …</p>;
  if (clients.length === 0) return <p class="nothing dim">No clients.</p>;
  return (
    <>
      <div class="client-heads dim small-text" aria-hidden="true">
        <span />
        <span>Client</span>
        <span class="username">Username</span>
        <span>MQTT</span>
        <span class="since">Since</span>
      </div>
      <ul class="lines client-lines">
        {clients.map(({ clientId, connected, protocolVersion, identity, since }) => (
          <li key={clientId}>
            <a href={hrefOf("clients", clientId)} aria-current={clientId === selected ? "true" : undefined}>
              <span class={`dot ${connected ? "online" : "offline"}`} title={connected ? "connected" : "sleeping"} />
              <span class="clip mono" title={clientId}>
                {clientId}
              </span>
              <span class="unseen">{connected ? "connected" : "sleeping"}</span>
              <span class="username clip dim">
                {clientId === ownClientId ? "this dashboard" : (usernames.get(identity) ?? "–")}
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
