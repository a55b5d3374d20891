// Plays the runs on two servers at once, one of them with a fast clock, and turns the counts into bills.

import { type Assumptions, awsBillOf, type Bill, billOf, scaled, type Usage, usageOf } from "./bill.ts";
import { idleScenarios, reconnectScenarios, rowsReadPerWake } from "./connections.ts";
import type { Counts } from "./counts.ts";
import type { Played, Scenario } from "./scenario.ts";
import { type CountingServer, Stage, startCountingServer } from "./stage.ts";
import { returnScenario, telemetryScenarios } from "./telemetry.ts";

export type Result = {
  readonly scenario: Scenario;
  /** For one of the things that `Unit.each` names. */
  readonly usage: Usage;
  /** For the unit, in US dollars. */
  readonly bill: Bill;
  readonly awsDollars: number;
  /** The counts of the whole run, in which the thing happened `times` times. */
  readonly counts: Counts;
  readonly times: number;
};

export type Report = {
  /** As 2026-12-31. */
  readonly date: string;
  readonly results: readonly Result[];
  readonly assumptions: Assumptions;
};

export const scenarios: readonly Scenario[] = [
  ...telemetryScenarios,
  returnScenario,
  ...idleScenarios,
  ...reconnectScenarios,
];

/** A call between objects in one location. */
const callMs = 5;
/** On this machine it is 1.2 ms of CPU; on the platform the storage must be opened as well. */
const wakeMs = 10;
/** An hour takes a minute. */
const fastClockRate = 60;

/** @param said the title of each run that is over */
export async function run(chosen: readonly Scenario[], said: (title: string) => void): Promise<Report> {
  const ofKind = (kind: Scenario["kind"]) => chosen.filter((scenario) => scenario.kind === kind);
  const servers = await Promise.all([1, fastClockRate].map((clockRate) => startCountingServer({ clockRate, callMs })));
  const [real, fast] = servers as [CountingServer, CountingServer];
  const played = new Map<Scenario, Played>();
  const play = async (server: CountingServer, scenario: Scenario) => {
    const stage = new Stage(server, scenario.name);
    played.set(scenario, await scenario.play(stage));
    await stage.end();
    said(scenario.title);
  };
  try {
    const [stored, notStored] = await Promise.all([
      rowsReadPerWake(new Stage(real, "wake-stored"), true),
      rowsReadPerWake(new Stage(real, "wake"), false),
      ...ofKind("fast clock").map((scenario) => play(fast, scenario)),
      (async () => {
        for (const scenario of ofKind("alone")) await play(real, scenario);
        await Promise.all(ofKind("real time").map((scenario) => play(real, scenario)));
      })(),
    ]);
    const assumptions = { callMs, wakeMs, rowsReadPerWake: { stored, "not stored": notStored } };
    const results = chosen.map((scenario) => resultOf(scenario, played.get(scenario) as Played, assumptions));
    return { date: new Date().toISOString().slice(0, 10), results, assumptions };
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

function resultOf(scenario: Scenario, played: Played, { rowsReadPerWake }: Assumptions): Result {
  const { window, times, isStored, aws } = played;
  const wake = { ms: wakeMs, rowsRead: rowsReadPerWake[isStored ? "stored" : "not stored"] };
  const usage = scaled(usageOf(window.counts, window.rareAlarms, wake), 1 / times);
  const { eachPerUnit } = scenario.unit;
  return {
    scenario,
    usage,
    bill: scaled(billOf(usage), eachPerUnit),
    awsDollars: (awsBillOf(aws) / times) * eachPerUnit,
    counts: window.counts,
    times,
  };
}
