// Clients: a page of the directory's list on the left, one session on the right.

import { useSignal } from "@preact/signals";
import { lineOf, type Page } from "../api/api.ts";
import type { Client } from "../api/resources.ts";
import { agoText } from "../parts/formats.ts";
import { Icon } from "../parts/icon.tsx";
import { usePoll } from "../parts/poll.ts";
import { goTo, hrefOf, route } from "../route.ts";
import type { Session } from "../session.ts";
import { SessionDetails } from "./session-details.tsx";
import { versionNames } from "./version-names.ts";

const pollEveryMs = 5_000;
const pageSize = 50;

export function ClientsPage({ session }: { session: Session }) {
  const selected = route.value.page === "clients" ? route.value.selected : undefined;
  const which = useSignal<"" | "true" | "false">("");
  /** The cursors of the pages before this one, and its own at the end; the first page has none. */
  const cursors = useSignal<readonly string[]>([]);
  const page = useSignal<Page<Client> | undefined>(undefined);
  const fault = useSignal("");
  const load = async () => {
    try {
      page.value = await session.api.call<Page<Client>>(
        "GET",
        `/clients?${queryOf(which.value, cursors.value.at(-1))}`,
      );
      fault.value = "";
    } catch (error) {
      fault.value = lineOf(error);
    }
  };
  usePoll(load, pollEveryMs, [session, which.value, cursors.value]);

  return (
    <div class={`split ${selected === undefined ? "" : "has-selected"}`}>
      <section class="card list" aria-label="Clients">
        <div class="bar">
          <label class="inline grow">
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
          <PageButtons
            page={page.value}
            cursors={cursors.value}
            onChange={(changed) => {
              cursors.value = changed;
            }}
          />
        </div>
        {fault.value !== "" && (
          <p class="notice bad" role="alert">
            {fault.value}
          </p>
        )}
        <ClientList clients={page.value?.items} selected={selected} />
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

type PageButtonsProps = {
  page: Page<Client> | undefined;
  cursors: readonly string[];
  onChange: (cursors: readonly string[]) => void;
};

function PageButtons({ page, cursors, onChange }: PageButtonsProps) {
  const next = page?.next ?? null;
  if (cursors.length === 0 && next === null) return null;
  return (
    <div class="bar">
      <button
        type="button"
        class="button quiet"
        aria-label="Previous page"
        disabled={cursors.length === 0}
        onClick={() => onChange(cursors.slice(0, -1))}
      >
        <Icon name="back" />
      </button>
      <span class="dim">Page {cursors.length + 1}</span>
      <button
        type="button"
        class="button quiet"
        aria-label="Next page"
        disabled={next === null}
        onClick={() => next !== null && onChange([...cursors, next])}
      >
        <Icon name="open" />
      </button>
    </div>
  );
}

function ClientList({ clients, selected }: { clients: readonly Client[] | undefined; selected: string | undefined }) {
  if (clients === undefined) return <p class="nothing dim">Loading …</p>;
  if (clients.length === 0) return <p class="nothing dim">No clients.</p>;
  return (
    <ul class="lines">
      {clients.map(({ clientId, connected, protocolVersion, since }) => (
        <li key={clientId}>
          <a href={hrefOf("clients", clientId)} aria-current={clientId === selected ? "true" : undefined}>
            <span class={`dot ${connected ? "online" : "offline"}`} title={connected ? "connected" : "sleeping"} />
            <span class="grow clip mono">{clientId}</span>
            <span class="unseen">{connected ? "connected" : "sleeping"}</span>
            <span class="dim">{versionNames[protocolVersion]}</span>
            <span class="dim since">{agoText(since, Date.now())}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
