// The reference of the HTTP API, made from the broker's own OpenAPI document. It needs no token.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { lineOf } from "../api/api.ts";
import { Fault } from "../parts/fault.tsx";
import { plural } from "../parts/formats.ts";
import { hrefOf, route } from "../route.ts";
import type { SignedIn } from "../sign-in.ts";
import { type ApiDocument, type Operation, operationsOf } from "./document.ts";
import { OperationView, Prose } from "./operation-view.tsx";
import { isFound, searchTextOf } from "./search.ts";

type Loaded =
  | { readonly name: "loading" }
  | { readonly name: "failed"; readonly why: string }
  | { readonly name: "loaded"; readonly document: ApiDocument };

export function ApiPage({ signedIn }: { signedIn: SignedIn | undefined }) {
  const loaded = useSignal<Loaded>({ name: "loading" });
  const namespace = signedIn?.namespace ?? "default";
  const address = namespace === "default" ? "/api/v1" : `/ns/${namespace}/api/v1`;
  const load = async () => {
    loaded.value = { name: "loading" };
    loaded.value = await documentAt(`${address}/openapi.json`).then(
      (document) => ({ name: "loaded", document }) as const,
      (error) => ({ name: "failed", why: lineOf(error) }) as const,
    );
  };
  useEffect(() => void load(), [address]);
  const state = loaded.value;
  if (state.name === "loading") return <p class="nothing dim">Loading the description of the API …</p>;
  if (state.name === "failed") {
    return (
      <section class="card api-intro">
        <Fault line={state.why} />
        <div class="actions">
          <button type="button" class="button" onClick={() => void load()}>
            Try again
          </button>
        </div>
      </section>
    );
  }
  return <Reference document={state.document} address={address} />;
}

async function documentAt(address: string): Promise<ApiDocument> {
  const response = await fetch(address).catch(() => undefined);
  if (response === undefined) throw new Error("The broker does not answer. Check that it is running.");
  if (!response.ok) throw new Error(`The broker answered with an error (${response.status}). Its log says more.`);
  return response.json();
}

function Reference({ document, address }: { document: ApiDocument; address: string }) {
  const search = useSignal("");
  const operations = useMemo(
    () => operationsOf(document).map((operation) => ({ operation, text: searchTextOf(document, operation) })),
    [document],
  );
  const found = operations.filter(({ text }) => isFound(text, search.value)).map(({ operation }) => operation);
  const tags = [...new Set(found.map(({ tag }) => tag))];
  const base = location.origin + (document.servers[0]?.url ?? address);
  return (
    <div class="api">
      <section class="card api-intro">
        <div class="bar">
          <h2>HTTP API</h2>
          <span class="badge">version {document.info.version}</span>
          <span class="grow" />
          <a href={`${address}/openapi.json`} download>
            openapi.json
          </a>
        </div>
        <Prose text={document.info.description ?? ""} />
        <p>
          It is at <code>{base}</code>. The commands below take the token from a variable; on the machine of a local
          server: <code>{"export ADMIN_TOKEN=$(cat .data/admin-token)"}</code>.
        </p>
        <input
          type="search"
          aria-label="Find operations and fields"
          placeholder="Find an operation or a field: retained"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
        <p class="dim small-text" role="status">
          {plural(found.length, "operation")}
          {found.length < operations.length && ` of ${operations.length}`}
        </p>
      </section>
      {tags.map((tag) => (
        <Group
          key={tag}
          tag={tag}
          operations={found.filter((operation) => operation.tag === tag)}
          document={document}
          base={base}
        />
      ))}
    </div>
  );
}

type GroupProps = {
  readonly tag: string;
  readonly operations: readonly Operation[];
  readonly document: ApiDocument;
  readonly base: string;
};

function Group({ tag, operations, document, base }: GroupProps) {
  return (
    <section class="card api-group" aria-label={tag}>
      <h2>{tag}</h2>
      {operations.map((operation) => (
        <OperationLine key={operation.id} operation={operation} document={document} base={base} />
      ))}
    </section>
  );
}

type OperationLineProps = { readonly operation: Operation; readonly document: ApiDocument; readonly base: string };

/** The address names the operation that was opened last, so that a link leads to it. */
function OperationLine({ operation, document, base }: OperationLineProps) {
  const { id, method, path, summary } = operation;
  const isNamed = route.value.page === "api" && route.value.selected === id;
  const isOpen = useSignal(isNamed);
  useEffect(() => {
    if (!isNamed) return;
    isOpen.value = true;
    window.document.getElementById(`operation-${id}`)?.scrollIntoView({ block: "start" });
  }, [isNamed]);
  return (
    <details
      id={`operation-${id}`}
      class="operation"
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
        // Opening operations adds no steps to the browser's history.
        if (isOpen.value) history.replaceState(null, "", hrefOf("api", id));
      }}
    >
      <summary>
        <span class={`method ${method.toLowerCase()}`}>{method}</span>
        <code>{path}</code>
        <span class="dim">{summary}</span>
      </summary>
      {isOpen.value && <OperationView operation={operation} document={document} base={base} />}
    </details>
  );
}
