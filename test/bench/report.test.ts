import { describe, expect, it } from "vitest";
import { Latencies } from "../../bench/generator/latencies.ts";
import { jsonOf, type Report, type Result, ratiosOf, summaryOf, textOf } from "../../bench/report.ts";
import { medianOf, medianRatioOf } from "../../bench/statistics.ts";

const result = (target: string, perSec: readonly number[]): Result => ({
  work: "pairs",
  title: "10:10",
  table: "messages",
  target,
  rounds: perSec.map((value, round) => ({ perSec: value, p50Ms: 1.234, lost: round })),
});

const ours = result("ours", [300, 100, 200]);
const aedes = result("aedes", [100, 100, 50]);
const report: Report = {
  date: "2026-11-23T06:00:00.000Z",
  machine: "2 cores",
  versions: { Aedes: "1.2.0" },
  command: "npm run bench",
  results: [ours, aedes, { ...result("floor", []), error: "SUBACK has not come" }],
  skipped: ["mosquitto is skipped: install mosquitto"],
};

describe("statistics", () => {
  it("the median of an even count is between the two in the middle, and leaves out what is not known", () => {
    expect(medianOf([4, 1, 3, Number.NaN, 2])).toBe(2.5);
    expect(medianOf([])).toBeNaN();
  });

  it("a ratio is the median of those of the rounds, not that of the medians", () => {
    expect(medianRatioOf([300, 100, 200], [100, 100, 50])).toBe(3);
  });

  it("percentiles hold for more values than are kept", () => {
    const latencies = new Latencies();
    for (let index = 0; index < 1_000_000; index += 1) latencies.add(index % 1_000);
    expect(latencies.at(0.5)).toBeCloseTo(500, -1);
    expect(latencies.at(0.99)).toBeCloseTo(990, -1);
    latencies.clear();
    expect(latencies.at(0.5)).toBeNaN();
  });
});

describe("the report", () => {
  it("adds up what was lost, and takes the median of the rest", () => {
    expect(summaryOf(ours)).toEqual({ perSec: 200, p50Ms: 1.234, lost: 3 });
    expect(ratiosOf(ours, report.results)).toEqual({ aedes: 3, floor: Number.NaN });
  });

  it("is Markdown, each work's title once, and an error in its place", () => {
    const lines = textOf(report).split("\n");
    const cells = (target: string) =>
      (lines.find((line) => line.includes(` ${target} |`)) ?? "").split("|").map((cell) => cell.trim());
    expect(cells("ours").slice(1, 4)).toEqual(["10:10", "ours", "200"]);
    expect(cells("aedes").slice(1, 4)).toEqual(["", "aedes", "100"]);
    expect(cells("floor")[3]).toBe("SUBACK has not come");
    expect(cells("ours").at(-3)).toBe("3.00");
    expect(new Set(["ours", "aedes", "floor"].map((target) => cells(target).length)).size).toBe(1);
    expect(lines.at(-1)).toBe("mosquitto is skipped: install mosquitto");
  });

  it("comes back from JSON as it was", () => {
    expect(textOf(JSON.parse(jsonOf(report)) as Report)).toBe(textOf(report));
  });
});
