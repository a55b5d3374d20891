// The results of a bench, and their tables. All rounds are kept, so that other tables can be made.

import { comparisons, type Table, type TableName, tables, totals } from "./columns.ts";
import type { Figures } from "./generator/figures.ts";
import { medianOf, medianRatioOf } from "./statistics.ts";

export type Result = {
  readonly work: string;
  readonly title: string;
  readonly table: TableName;
  readonly target: string;
  /** The figures of each round, in order. */
  readonly rounds: readonly Figures[];
  /** Why the target could not do the work. */
  readonly error?: string;
};

export type Report = {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
  readonly results: readonly Result[];
  readonly skipped: readonly string[];
};

/** For each figure, the median of the rounds or their sum. */
export function summaryOf({ rounds }: Result): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const values = valuesOf(rounds, name);
      return [name, totals.includes(name) ? values.reduce((sum, value) => sum + value, 0) : medianOf(values)];
    }),
  );
}

/** For each target, the median of the rounds' ratios to it. */
export function ratiosOf(result: Result, results: readonly Result[]): Figures {
  const { compared } = tables[result.table];
  const others = results.filter(({ work, target }) => work === result.work && target !== result.target);
  const ratios = others.map((other) => {
    return [other.target, medianRatioOf(valuesOf(result.rounds, compared), valuesOf(other.rounds, compared))];
  });
  return Object.fromEntries(ratios);
}

/** The report as JSON, with the summaries that the tables show. */
export function jsonOf(report: Report): string {
  const results = report.results.map((result) => {
    return { ...result, summary: summaryOf(result), ratios: ratiosOf(result, report.results) };
  });
  return JSON.stringify({ ...report, results }, null, 2);
}

/** The tables in Markdown. */
export function textOf({ date, machine, versions, command, results, skipped }: Report): string {
  const versionTexts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const sections = Object.entries(tables).map(([name, table]) => {
    return sectionOf(
      table,
      results.filter((result) => result.table === name),
      results,
    );
  });
  const head = `${date.slice(0, 10)}, ${machine}. ${versionTexts.join(", ")}. \`${command}\``;
  return [head, ...sections.filter(Boolean), ...skipped].join("\n\n");
}

function sectionOf({ heading, columns, compared }: Table, own: readonly Result[], all: readonly Result[]): string {
  if (own.length === 0) return "";
  const comparedHeading = columns.find(({ figure }) => figure === compared)?.heading ?? "";
  const present = comparisons.filter(({ target }) => own.some((result) => result.target === target));
  const ratioHeadings = present.map(({ heading: ratio }) => `${ratio} (${comparedHeading})`);
  const headings = ["work", "target", ...columns.map((column) => column.heading), ...ratioHeadings];
  const lines = own.map((result, index) => {
    const title = own[index - 1]?.work === result.work ? "" : result.title;
    const { target, error } = result;
    if (error !== undefined) return rowOf([title, target, error, ...headings.slice(3).map(() => "")]);
    const summary = summaryOf(result);
    const figures = columns.map(({ figure, digits }) => numberText(summary[figure], digits));
    const ratios = ratiosOf(result, all);
    return rowOf([title, target, ...figures, ...present.map((other) => numberText(ratios[other.target], 2))]);
  });
  const rule = headings.map((_, column) => (column < 2 ? "---" : "---:"));
  return [`### ${heading}\n`, rowOf(headings), rowOf(rule), ...lines].join("\n");
}

function numberText(value: number | null | undefined, digits: number): string {
  // JSON has null for NaN.
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const rowOf = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function valuesOf(rounds: readonly Figures[], name: string): number[] {
  return rounds.map((figures) => figures[name] ?? Number.NaN);
}
