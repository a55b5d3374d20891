// What a run has shown, and whether it is right.

import type { Verdict } from "./ledger.ts";

export type Report = {
  readonly seed: number;
  readonly rounds: number;
  readonly crashes: number;
  readonly seconds: number;
  /** PUBACK, or PUBREC. */
  readonly acknowledged: { readonly qos1: number; readonly qos2: number };
  /** Messages of the load. */
  readonly load: Verdict;
  readonly wills: Verdict;
  /** Retained messages older than the last that was acknowledged before a crash, or missing. */
  readonly oldRetained: readonly string[];
  /** Looked at, over all rounds. */
  readonly retained: number;
  /** Sessions that ended by time as they must, and sessions that did not. */
  readonly expired: number;
  readonly notExpired: readonly string[];
  /** Anything else that must not be: sessions that were not there, refusals, messages never acknowledged. */
  readonly faults: readonly string[];
  /** From each crash until every client that is not away is connected again. */
  readonly recoverySec: readonly number[];
};

const examples = 5;

/** One line each. */
export function violationsOf(report: Report): string[] {
  const { load, wills, oldRetained, notExpired, faults } = report;
  return [
    ...load.lost.map((what) => `lost: ${what}`),
    ...load.doubled.map((what) => `doubled at QoS 2: ${what}`),
    ...wills.lost.map((what) => `Will not published: ${what}`),
    ...wills.doubled.map((what) => `Will doubled at QoS 2: ${what}`),
    ...oldRetained.map((what) => `old retained message: ${what}`),
    ...notExpired.map((what) => `session did not expire: ${what}`),
    ...faults,
  ];
}

export function textOf(report: Report): string {
  const { seed, rounds, crashes, seconds, acknowledged, load, wills, recoverySec } = report;
  const sorted = recoverySec.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lines = [
    ["rounds", `${rounds} with ${crashes} crashes in ${seconds.toFixed(0)} s, seed ${seed}`],
    [
      "acknowledged",
      `${acknowledged.qos1 + acknowledged.qos2}: ${acknowledged.qos1} at QoS 1, ${acknowledged.qos2} at QoS 2`,
    ],
    ["delivered", `${load.delivered}`],
    ["lost", `${load.lost.length}`],
    ["doubled at QoS 2", `${load.doubled.length}`],
    ["repeated at QoS 1", `${load.repeated}, which is allowed`],
    ["Wills", `${wills.delivered} published, ${wills.lost.length} lost, ${wills.doubled.length} doubled at QoS 2`],
    ["sessions", `${report.expired} expired in time, ${report.notExpired.length} did not`],
    ["retained", `${report.retained} looked at, ${report.oldRetained.length} older than acknowledged`],
    ["recovery", `${median.toFixed(2)} s (median), ${(sorted.at(-1) ?? 0).toFixed(2)} s at most`],
  ];
  const violations = violationsOf(report);
  const shown = violations.slice(0, examples).map((line) => `  ${line}`);
  const rest = violations.length > examples ? [`  and ${violations.length - examples} more`] : [];
  const verdict =
    violations.length === 0 ? "Nothing is missing, nothing is doubled." : `${violations.length} violations:`;
  const table = lines.map(([name = "", value = ""]) => `${name.padEnd(20)}${value}`);
  return `${[...table, verdict, ...shown, ...rest].join("\n")}\n`;
}
