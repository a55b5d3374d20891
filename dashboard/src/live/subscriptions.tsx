// The topic filters that the Live page is subscribed to: each with a button that ends it, and a field to add another.

import { useSignal } from "@preact/signals";
import { lineOf } from "../api/api.ts";
import { Fault } from "../parts/fault.tsx";
import { Icon } from "../parts/icon.tsx";
import type { SignedIn } from "../sign-in.ts";
import { faultOfFilter, filtersIn } from "./topic-match.ts";

export function Subscriptions({ signedIn: { feed, connection } }: { signedIn: SignedIn }) {
  const typed = useSignal("");
  const fault = useSignal("");
  /** The typed text has a comma: asks whether it is one filter or several. */
  const isAsking = useSignal(false);
  const add = async (topicFilters: readonly string[]) => {
    isAsking.value = false;
    fault.value = topicFilters.map(faultOfFilter).find((found) => found !== undefined) ?? "";
    if (fault.value !== "") return;
    typed.value = "";
    for (const topicFilter of topicFilters) {
      await feed.add(topicFilter, connection).catch((error) => {
        typed.value = topicFilter;
        fault.value = `The broker does not grant ${topicFilter}: ${lineOf(error)}`;
      });
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const topicFilter = typed.value.trim();
    if (filtersIn(topicFilter).length > 1) isAsking.value = true;
    else void add([topicFilter]);
  };
  const several = filtersIn(typed.value);
  return (
    <form class="bar subscription" onSubmit={submit}>
      <ul class="chips" aria-label="Subscribed to">
        {feed.filters.value.map((topicFilter) => (
          <li key={topicFilter} class="chip">
            <span class="mono clip" title={topicFilter}>
              {topicFilter}
            </span>
            <button
              type="button"
              aria-label={`Unsubscribe from ${topicFilter}`}
              title="Unsubscribe"
              onClick={() => void feed.remove(topicFilter, connection)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <input
        class="mono grow"
        aria-label="Topic filter"
        placeholder="Add a topic filter: home/#"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          isAsking.value = false;
          fault.value = "";
        }}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
      />
      <button type="submit" class="button">
        Subscribe
      </button>
      {isAsking.value && (
        <div class="notice" role="alert">
          <p>A topic filter may contain commas. Is this one filter, or are these {several.length}?</p>
          <div class="actions">
            <button type="button" class="button small" onClick={() => void add(several)}>
              {several.length} filters
            </button>
            <button type="button" class="button small" onClick={() => void add([typed.value.trim()])}>
              One filter
            </button>
          </div>
        </div>
      )}
      <Fault line={fault.value} />
    </form>
  );
}
