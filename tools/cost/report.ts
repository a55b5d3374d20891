// The report of a run as Markdown: for each unit a table of dollars and a table of counts.

import { isCall } from "./bill.ts";
import { daysPerMonth, pricesAsOf } from "./prices.ts";
import type { Report, Result } from "./run.ts";
import type { Unit } from "./scenario.ts";

type Column = { readonly name: string; readonly of: (result: Result) => string };

const dollarColumns: readonly Column[] = [
  { name: "requests", of: ({ bill }) => dollars(bill.workerRequests + bill.objectRequests) },
  { name: "rows", of: ({ bill }) => dollars(bill.rowsWritten + bill.rowsRead) },
  { name: "duration", of: ({ bill }) => dollars(bill.duration) },
  { name: "**in all**", of: ({ bill }) => `**${dollars(bill.total)}**` },
  { name: "AWS", of: ({ awsDollars }) => dollars(awsDollars) },
  { name: "target", of: verdict },
];

const countColumns: readonly Column[] = [
  { name: "Worker requests", of: ({ usage }) => count(usage.workerRequests) },
  { name: "calls", of: callsByMethod },
  { name: "alarms", of: ({ usage }) => count(usage.alarms) },
  { name: "frames in", of: ({ usage }) => count(usage.incomingFrames) },
  { name: "rows written", of: ({ usage }) => count(usage.rowsWritten) },
  { name: "setAlarm", of: ({ usage }) => count(usage.alarmsSet) },
  { name: "rows read", of: ({ usage }) => count(usage.rowsRead) },
  { name: "awake, s", of: ({ usage }) => count(usage.awakeSec) },
];

export function renderReport({ date, results, assumptions }: Report): string {
  const { callMs, wakeMs, rowsReadPerWake } = assumptions;
  const parts = [
    `Counted on ${date}. US dollars at the list prices of ${pricesAsOf}, a month of ${daysPerMonth} days. Assumed: ${callMs} ms a call between objects, ` +
      `${wakeMs} ms a wake from hibernation, which reads ${count(rowsReadPerWake.stored)} rows (measured), ` +
      `or ${count(rowsReadPerWake["not stored"])} if nothing is stored.`,
  ];
  for (const unit of new Set(results.map(({ scenario }) => scenario.unit))) {
    const ofUnit = results.filter(({ scenario }) => scenario.unit === unit);
    parts.push(
      table(`dollars for ${unit.label}`, dollarColumns, ofUnit),
      table(countTitle(unit), countColumns, ofUnit),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

/** The part of a run that is worth keeping, for other programs. */
export function jsonOf({ date, results, assumptions }: Report): string {
  const shown = results.map(({ scenario, usage, bill, awsDollars, counts }) => {
    const { name, title, unit, target } = scenario;
    return { name, title, unit: unit.label, target, bill, awsDollars, usageFor: unit.each, usage, counts };
  });
  return `${JSON.stringify({ date, pricesAsOf, assumptions, results: shown }, undefined, 2)}\n`;
}

const countTitle = ({ each }: Unit) => `counted for one ${each}`;

function table(title: string, columns: readonly Column[], results: readonly Result[]): string {
  const shown = columns.filter(({ of }) => results.some((result) => of(result) !== ""));
  const rows = [
    [title, ...shown.map(({ name }) => name)],
    ...results.map((result) => [result.scenario.title, ...shown.map(({ of }) => of(result))]),
  ];
  const widths = (rows[0] as string[]).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, index) => (index === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head, ...body] = rows.map(line);
  return [head, rule, ...body].join("\n");
}

function verdict({ scenario: { target }, bill }: Result): string {
  if (target === undefined) return "";
  return `${dollars(target)}: ${bill.total <= target ? "met" : "missed"}`;
}

function callsByMethod({ counts, times }: Result): string {
  const methods = Object.values(counts.objects).flatMap(({ events }) => Object.entries(events));
  const calls = methods.filter(([method]) => isCall(method));
  return calls.map(([method, number]) => `${method} ${count(number / times)}`).join(", ") || "0";
}

/** Cents if there are any, else two significant digits. */
function dollars(value: number): string {
  if (value >= 0.995) return value.toFixed(2);
  return value < 0.0000005 ? "0" : decimal(value, 2);
}

function count(value: number): string {
  return value < 0.0005 ? "0" : decimal(value, 3);
}

/** Without an exponent. */
function decimal(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return rounded >= 10 ** digits ? value.toFixed(0) : rounded.toLocaleString("en-US", { maximumFractionDigits: 7 });
}
