// Overview: the broker in numbers, read every few seconds while the page is used.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lineOf } from "../api/api.ts";
import type { Stats } from "../api/resources.ts";
import { Chart, type Line } from "../parts/chart.tsx";
import { Fault } from "../parts/fault.tsx";
import { bytesText, clockText, countText, durationText, rateText } from "../parts/formats.ts";
import { usePoll } from "../parts/poll.ts";
import type { SignedIn } from "../sign-in.ts";
import { SharedLimits } from "./shared-limits.tsx";
import type { Latest, Sample } from "./stats-history.ts";

const pollEveryMs = 5_000;
const chartPx = 190;

export function OverviewPage({ signedIn: { api, statsHistory } }: { signedIn: SignedIn }) {
  const version = useSignal("");
  useEffect(() => {
    api.call<{ version: string }>("GET", "/health").then(
      (health) => {
        version.value = health.version;
      },
      () => {},
    );
  }, []);
  const ask = async () => {
    try {
      statsHistory.take(await api.call<Stats>("GET", "/stats"), Date.now());
    } catch (error) {
      statsHistory.miss(lineOf(error), Date.now());
    }
  };
  usePoll(ask, pollEveryMs, [api]);
  const latest = statsHistory.latest.value;
  const fault = statsHistory.fault.value;
  return (
    <div class="overview">
      <Fault line={fault} />
      <div class={`known ${fault === "" ? "" : "outdated"}`}>
        {latest !== undefined && fault !== "" && <p class="as-of">As of {clockText(latest.atMs)}</p>}
        {latest !== undefined && <Tiles latest={latest} version={version.value} />}
        <Charts samples={statsHistory.samples.value} />
        {latest?.stats.sharedLimits !== undefined && <SharedLimits limits={latest.stats.sharedLimits} />}
      </div>
      <p class="dim small-text">
        Updated every {pollEveryMs / 1000} seconds while this page is open. Counts of clients that send and receive
        little can be up to five minutes old.
      </p>
    </div>
  );
}

function Tiles({ latest: { stats, atMs }, version }: { latest: Latest; version: string }) {
  const { clients, counters, subscriptions, retained, since } = stats;
  return (
    <dl class="tiles">
      <Tile name="Connected" value={countText(clients.connected)} note={`${countText(clients.sleeping)} sleeping`} />
      <Tile name="Subscriptions" value={countText(subscriptions)} />
      <Tile name="Retained" value={countText(retained.messages)} note={bytesText(retained.bytes)} />
      <Tile
        name="Messages"
        value={countText(counters.messagesReceived)}
        note={`${countText(counters.messagesSent)} delivered`}
      />
      <Tile name="Dropped" value={countText(counters.messagesDropped)} />
      <Tile name="Up" value={durationText(atMs - Date.parse(since))} note={`version ${version}`} />
    </dl>
  );
}

function Tile({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div class="card tile">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {note !== undefined && <span class="dim">{note}</span>}
      </dd>
    </div>
  );
}

function Charts({ samples }: { samples: readonly Sample[] }) {
  const lineOfSamples = (label: string, color: Line["color"], value: (sample: Sample) => number | null): Line => ({
    label,
    color,
    values: samples.map(value),
  });
  const charts = [
    {
      title: "Messages a second",
      lines: [
        lineOfSamples("from clients", "--line-1", ({ receivedPerSec }) => receivedPerSec),
        lineOfSamples("to clients", "--line-2", ({ sentPerSec }) => sentPerSec),
      ],
    },
    {
      title: "Sessions",
      lines: [
        lineOfSamples("connected", "--line-1", ({ connected }) => connected),
        lineOfSamples("sleeping", "--line-2", ({ sleeping }) => sleeping),
      ],
    },
    {
      title: "Dropped a second",
      lines: [lineOfSamples("messages", "--line-1", ({ droppedPerSec }) => droppedPerSec)],
    },
    {
      title: "Payload bytes a second",
      lines: [lineOfSamples("both ways", "--line-1", ({ bytesPerSec }) => bytesPerSec)],
      valueText: bytesText,
    },
  ];
  return (
    <div class="charts">
      {charts.map(({ title, lines, valueText = rateText }) => (
        <figure class="card" key={title}>
          <figcaption>
            <h2>{title}</h2>
            <Legend lines={lines} valueText={valueText} />
          </figcaption>
          {samples.length === 0 ? (
            <p class="nothing dim" style={{ height: `${chartPx}px` }}>
              Measuring: the first values are here in {pollEveryMs / 1000} seconds.
            </p>
          ) : (
            <Chart
              label={`${title} over time`}
              atSec={samples.map(({ atSec }) => atSec)}
              lines={lines}
              heightPx={chartPx}
              isFromZero
              valueText={valueText}
            />
          )}
        </figure>
      ))}
    </div>
  );
}

function Legend({ lines, valueText }: { lines: readonly Line[]; valueText: (value: number) => string }) {
  return (
    <ul class="legend">
      {lines.map(({ label, color, values }) => (
        <li key={label}>
          <i style={{ background: `var(${color})` }} aria-hidden="true" />
          {label} <strong>{latestText(values.at(-1), valueText)}</strong>
        </li>
      ))}
    </ul>
  );
}

/** A dash if the broker did not answer. */
function latestText(value: number | null | undefined, valueText: (value: number) => string): string {
  return value === null || value === undefined ? "–" : valueText(value);
}
