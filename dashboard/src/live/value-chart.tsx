// The numbers of a topic over time, if its payloads have any.

import { useSignal } from "@preact/signals";
import { Chart } from "../parts/chart.tsx";
import { readingText } from "../parts/formats.ts";
import { contentOfMessage } from "./message-content.ts";
import { numberAt, numericPathsOf, pathText } from "./numbers.ts";
import type { Message } from "./topic-tree.ts";

export function ValueChart({ topic, history }: { topic: string; history: readonly Message[] }) {
  const chosen = useSignal("");
  const last = history.at(-1);
  const paths = last === undefined ? [] : numericPathsOf(contentOfMessage(last));
  const path = paths.find((candidate) => pathText(candidate) === chosen.value) ?? paths[0];
  if (path === undefined) return null;
  const points = history.flatMap((message) => {
    const value = numberAt(contentOfMessage(message), path);
    return value === undefined ? [] : [{ atSec: message.atMs / 1000, value }];
  });
  const latest = points.at(-1)?.value ?? 0;
  return (
    <figure class="value-chart">
      <figcaption>
        {paths.length > 1 ? (
          <label class="inline">
            <span>Chart of</span>
            <select
              value={pathText(path)}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {paths.map((candidate) => (
                <option key={pathText(candidate)}>{pathText(candidate)}</option>
              ))}
            </select>
          </label>
        ) : (
          <span class="dim">Chart of {pathText(path)}</span>
        )}
        <strong>{readingText(latest)}</strong>
      </figcaption>
      <Chart
        label={`${pathText(path)} of ${topic} over time, now ${readingText(latest)}`}
        atSec={points.map(({ atSec }) => atSec)}
        lines={[{ label: pathText(path), color: "--line-1", values: points.map(({ value }) => value) }]}
        heightPx={140}
        valueText={readingText}
      />
    </figure>
  );
}
