// Lines over time, by uPlot, in the page's colours.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { timeRangeOf, timeStepsSec } from "./time-range.ts";

export type Line = {
  readonly label: string;
  /** The name of a custom property of the page's style. */
  readonly color: "--line-1" | "--line-2";
  readonly values: readonly (number | null)[];
};

type ChartProps = {
  /** What the chart shows, for screen readers. */
  readonly label: string;
  readonly atSec: readonly number[];
  readonly lines: readonly Line[];
  readonly heightPx: number;
  /** Whether the scale begins at 0, for counts. */
  readonly isFromZero?: boolean;
  readonly valueText: (value: number) => string;
};

export function Chart({ label, atSec, lines, heightPx, isFromZero = false, valueText }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const data = [atSec, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const names = lines.map((line) => line.label).join();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const draw = () => {
      chart.current?.destroy();
      const options = optionsOf(element, lines, heightPx, isFromZero, valueText);
      chart.current = new uPlot(options, latest.current, element);
    };
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const sizes = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: heightPx }));
    sizes.observe(element);
    return () => {
      scheme.removeEventListener("change", draw);
      sizes.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [names, heightPx, isFromZero]);
  useEffect(() => chart.current?.setData(data));

  return <div ref={box} class="chart" role="img" aria-label={label} style={{ height: `${heightPx}px` }} />;
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  height: number,
  isFromZero: boolean,
  valueText: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color("--text-dim"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color("--line-grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    // On the right there is room for half of a time.
    padding: [10, 28, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 70,
        incrs: timeStepsSec,
        values: (_, times) => times.map(axisTime),
      },
      { ...axis, size: 54, space: 34, values: (_, values) => values.map(valueText) },
    ],
    scales: {
      // uPlot's own range for a single value is a whole day.
      x: { range: ({ data: [times] }) => timeRangeOf(times[0], times.at(-1)) },
      y: { range: (_, from, to) => rangeOf(from, to, isFromZero) },
    },
    series: [
      {},
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: color(line.color),
        width: 2,
        points: { show: true, filter: aloneIn, size: 5, fill: color(line.color) },
        ...(index === 0 ? { fill: color("--line-1-area") } : {}),
      })),
    ],
  };
}

/** Values without neighbours, which no line reaches, are drawn as dots. */
function aloneIn({ data }: uPlot, seriesIndex: number): number[] {
  const values = data[seriesIndex] ?? [];
  const isMissing = (index: number) => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isMissing(index) && isMissing(index - 1) && isMissing(index + 1));
}

function rangeOf(from: number | null, to: number | null, isFromZero: boolean): [number, number] {
  if (from === null || to === null) return [0, 1];
  if (isFromZero) return [0, to === 0 ? 1 : to * 1.15];
  const room = (to - from) * 0.15 || Math.abs(to) * 0.05 || 1;
  return [from - room, to + room];
}

function axisTime(atSec: number): string {
  return new Date(atSec * 1000).toLocaleTimeString("en-GB");
}
