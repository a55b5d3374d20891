// One topic: its last message, its numbers as a chart, and the messages before.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { BackLink } from "../parts/back-link.tsx";
import { confirm } from "../parts/confirm.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { bytesText, clockText, plural } from "../parts/formats.ts";
import type { SignedIn } from "../sign-in.ts";
import { summaryOfMessage } from "./message-content.ts";
import { MessageTime } from "./message-time.tsx";
import type { ViewName } from "./payload.ts";
import { PayloadView } from "./payload-view.tsx";
import { type Properties, propertyLines } from "./properties.ts";
import type { Message } from "./topic-tree.ts";
import { ValueChart } from "./value-chart.tsx";

const shownMessages = 20;

export function TopicDetails({ topic, signedIn }: { topic: string; signedIn: SignedIn }) {
  const { feed, connection } = signedIn;
  /** An earlier message that was chosen; otherwise the last one is shown. */
  const chosen = useSignal<Message | undefined>(undefined);
  const view = useSignal<ViewName | undefined>(undefined);
  feed.drawing.value;
  // A copy, because the tree changes its own array, and parts that get the same object are not drawn again.
  const node = feed.tree.node(topic);
  const history = [...(node?.history ?? [])];
  const last = history.at(-1);
  const shown = history.find((message) => message === chosen.value) ?? last;
  return (
    <section class="card details" aria-label="Topic">
      <div class="bar">
        <BackLink page="live" list="topics" />
        <h2 class="mono grow topic-name" tabIndex={topic.length > 100 ? 0 : undefined}>
          {topic}
        </h2>
        <CopyButton text={topic} what="the topic" isQuiet />
        <button type="button" class="button small only-narrow" onClick={() => toPublishForm()}>
          Publish
        </button>
      </div>
      {shown === undefined ? (
        <p class="dim">No message yet.</p>
      ) : (
        <>
          <MessageFacts
            message={shown}
            isLast={shown === last}
            time={<MessageTime message={shown} history={history} signedIn={signedIn} />}
          />
          <PayloadView message={shown} chosen={view} />
          {shown.properties !== undefined && (
            <MessageProperties properties={shown.properties} message={shown} connection={connection} />
          )}
          <ValueChart topic={topic} history={history} />
          <History
            history={history}
            count={node?.messageCount ?? 0}
            shown={shown}
            onChoose={(message) => {
              chosen.value = message === last ? undefined : message;
            }}
          />
          {last?.isRetained && <ClearRetained topic={topic} connection={connection} />}
        </>
      )}
    </section>
  );
}

type MessageFactsProps = { readonly message: Message; readonly isLast: boolean; readonly time: ComponentChildren };

function MessageFacts({ message, isLast, time }: MessageFactsProps) {
  return (
    <p class="facts">
      <Badges message={message} />
      <span>{bytesText(message.payloadBytes)}</span>
      {time}
      {!isLast && <span class="badge">older</span>}
    </p>
  );
}

/** On a phone it stands below the message. */
function toPublishForm(): void {
  const form = document.querySelector<HTMLElement>(".publish");
  form?.scrollIntoView({ block: "start" });
  form?.querySelector<HTMLElement>("textarea")?.focus();
}

type MessagePropertiesProps = {
  readonly properties: Properties;
  readonly message: Message;
  readonly connection: SignedIn["connection"];
};

function MessageProperties({ properties, message, connection }: MessagePropertiesProps) {
  const lines = propertyLines(properties, message.atMs, (identifier) => connection.filterOf(identifier));
  if (lines.length === 0) return null;
  // Not counted: every message has the identifiers of this page's own subscriptions.
  const isPublished = lines.length > properties.subscriptionIdentifiers.length;
  return (
    <details class="properties" open={isPublished}>
      <summary>MQTT 5 properties</summary>
      <dl class="fact-list">
        {lines.map(({ name, value }) => (
          <div>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Badges({ message: { qos, isRetained } }: { message: Message }) {
  return (
    <>
      <span class={`badge qos-${qos}`}>QoS {qos}</span>
      {isRetained && <span class="badge retained">retained</span>}
    </>
  );
}

/** `count` includes messages that are no longer kept. */
type HistoryProps = {
  history: readonly Message[];
  count: number;
  shown: Message;
  onChoose: (message: Message) => void;
};

function History({ history, count, shown, onChoose }: HistoryProps) {
  const messages = history.slice(-shownMessages).reverse();
  return (
    <details class="history" open={history.length > 1}>
      <summary>{plural(history.length, "message")} kept here</summary>
      <ul>
        {messages.map((message, index) => (
          <li key={count - index}>
            <button type="button" aria-pressed={message === shown} onClick={() => onChoose(message)}>
              <time>{clockText(message.atMs)}</time>
              <span class="last">{summaryOfMessage(message)}</span>
              <Badges message={message} />
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function ClearRetained({ topic, connection }: { topic: string; connection: SignedIn["connection"] }) {
  const ask = () =>
    confirm({
      question: "Delete the retained message?",
      consequence: `New subscribers of ${topic} will get nothing until something is published again.`,
      action: "Delete",
      act: () => connection.publish({ topic, payload: "", qos: 1, isRetained: true }),
    });
  return (
    <div class="actions">
      <button type="button" class="button small" onClick={ask}>
        Delete the retained message
      </button>
    </div>
  );
}
