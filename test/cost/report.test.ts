// The report's text, and its place in the document.

import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { type Bill, scaled } from "../../tools/cost/bill.ts";
import { withFigures } from "../../tools/cost/document.ts";
import { jsonOf, renderReport } from "../../tools/cost/report.ts";
import type { Report, Result } from "../../tools/cost/run.ts";
import { deviceMonth, millionMessages, type Scenario } from "../../tools/cost/scenario.ts";
import { countsOf } from "./scene.ts";

const bill: Bill = {
  workerRequests: 0,
  objectRequests: 0.3,
  rowsWritten: 2,
  rowsRead: 0,
  duration: 0.0000123,
  total: 2.3,
};
const usage = {
  workerRequests: 0,
  calls: 2,
  alarms: 0,
  incomingFrames: 1.5,
  rowsWritten: 2,
  alarmsSet: 0,
  rowsRead: 0,
  awakeSec: 12_345.6,
};

function resultOf(scenario: Partial<Scenario>, itsBill = bill): Result {
  return {
    scenario: {
      name: "name",
      title: "Title",
      unit: millionMessages,
      kind: "alone",
      play: () => Promise.reject(new Error("not to be played")),
      ...scenario,
    },
    usage,
    bill: itsBill,
    awsDollars: 3,
    counts: countsOf({ events: { deliver: 20, webSocketMessage: 15, exchange: 20 } }),
    times: 20,
  };
}

const assumptions = { callMs: 5, wakeMs: 10, rowsReadPerWake: { stored: 15, "not stored": 1 } };
const reportOf = (...results: Result[]): Report => ({ date: "2026-12-31", results, assumptions });
const cellsOf = (text: string, title: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`| ${title} `))
    .map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .slice(2, -1),
    );

describe("the report", () => {
  it("has dollars and counts of each run", () => {
    const [dollars, counts] = cellsOf(renderReport(reportOf(resultOf({ target: 2.6 }))), "Title");
    expect(dollars).toEqual(["0.3", "2.00", "0.000012", "**2.30**", "3.00", "2.60: met"]);
    expect(counts).toEqual(["0", "deliver 1, exchange 1", "0", "1.5", "2", "0", "0", "12346"]);
  });

  it("says which target is missed, and has no column without targets", () => {
    expect(renderReport(reportOf(resultOf({ target: 2.2 })))).toContain("2.20: missed");
    expect(renderReport(reportOf(resultOf({})))).not.toContain("target");
  });

  it("has tables of its own for each unit", () => {
    const text = renderReport(
      reportOf(resultOf({}), resultOf({ title: "Idle", unit: deviceMonth }, scaled(bill, 0.001))),
    );
    expect(text).toContain("dollars for a million messages");
    expect(text).toContain("dollars for a device and month");
    expect(cellsOf(text, "Idle")[0]).toEqual(["0.0003", "0.002", "0", "**0.0023**", "3.00"]);
  });

  it("is JSON for programs, with what it assumes", () => {
    const { assumptions: told, results } = JSON.parse(jsonOf(reportOf(resultOf({ target: 2.6 }))));
    expect(told).toEqual(assumptions);
    expect(results[0]).toMatchObject({ name: "name", target: 2.6, bill, awsDollars: 3, usage, usageFor: "message" });
  });
});

describe("the document", () => {
  const document = readFileSync(path.join(import.meta.dirname, "../../docs/COST.md"), "utf8");

  it("has a place for figures, and keeps the rest", () => {
    const once = withFigures(document, "(one)\n");
    const twice = withFigures(once, "(two)\n");
    expect(once).toContain("(one)");
    expect(twice).not.toContain("(one)");
    expect(twice.replace("(two)", "(one)")).toBe(once);
    expect(twice.split("(two)").map((part) => part.length > 0)).toEqual([true, true]);
  });

  it("without a place is refused", () => {
    expect(() => withFigures("# Cost\n", "figures")).toThrow("no place");
  });
});
