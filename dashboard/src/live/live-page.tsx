// Live: the topics on the left, one of them with its messages on the right, and a form to publish.

import { useSignal } from "@preact/signals";
import { Fault } from "../parts/fault.tsx";
import { countText, plural, rateText } from "../parts/formats.ts";
import { Icon } from "../parts/icon.tsx";
import { route } from "../route.ts";
import type { SignedIn } from "../sign-in.ts";
import { type Feed, maximumWaiting } from "./feed.ts";
import { PublishForm } from "./publish-form.tsx";
import { Subscriptions } from "./subscriptions.tsx";
import { TopicDetails } from "./topic-details.tsx";
import { TopicList } from "./topic-list.tsx";

export function LivePage({ signedIn }: { signedIn: SignedIn }) {
  const { feed, connection } = signedIn;
  const selected = route.value.page === "live" ? route.value.selected : undefined;
  const search = useSignal("");
  const state = connection.state.value;
  return (
    <div class={`live ${selected === undefined ? "" : "has-selected"}`}>
      <section class="card topics" aria-label="Topics">
        <div class="bar">
          <input
            type="search"
            class="grow"
            aria-label="Show topics that contain"
            placeholder="Find a topic"
            value={search.value}
            onInput={(event) => {
              search.value = event.currentTarget.value;
            }}
          />
          <PauseButton feed={feed} />
          <button
            type="button"
            class="button quiet"
            aria-label="Clear what is shown"
            title="Clear what is shown"
            onClick={() => feed.clear()}
          >
            <Icon name="clear" />
          </button>
        </div>
        <Subscriptions signedIn={signedIn} />
        <Fault line={state.name === "lost" ? state.why : undefined} />
        <TopicList feed={feed} search={search.value} selected={selected} />
        <Totals feed={feed} />
      </section>
      <div class="side">
        {selected === undefined ? (
          <section class="card hint">
            <p class="dim">Choose a topic to see its messages.</p>
          </section>
        ) : (
          <TopicDetails key={selected} topic={selected} signedIn={signedIn} />
        )}
        <PublishForm connection={connection} topic={selected ?? ""} />
      </div>
    </div>
  );
}

function PauseButton({ feed }: { feed: Feed }) {
  const isPaused = feed.isPaused.value;
  return (
    <button
      type="button"
      class={`button ${isPaused ? "primary" : ""}`}
      aria-pressed={isPaused}
      onClick={() => feed.setPaused(!isPaused)}
    >
      <Icon name={isPaused ? "play" : "pause"} />
      {isPaused ? "Resume" : "Pause"}
    </button>
  );
}

function Totals({ feed }: { feed: Feed }) {
  // The tree is not in signals, so it is read each time the page is drawn.
  feed.drawing.value;
  const { root, messagesWithoutRoom } = feed.tree;
  const waiting = feed.waitingCount.value;
  return (
    <div class="totals">
      <span>{plural(root.topicCount, "topic")}</span>
      <span>{plural(root.messageCount, "message")}</span>
      <span>{rateText(feed.messagesPerSec.value)} a second</span>
      {feed.isPaused.value && (
        <span>
          {waiting < maximumWaiting ? `${countText(waiting)} waiting` : `the last ${countText(waiting)} waiting`}
        </span>
      )}
      {messagesWithoutRoom > 0 && (
        <p class="notice" role="status">
          This page holds no more topics: {plural(messagesWithoutRoom, "message")} of other topics{" "}
          {messagesWithoutRoom === 1 ? "is" : "are"} not shown. Subscribe to less than {feed.filters.value.join(", ")}.
        </p>
      )}
    </div>
  );
}
