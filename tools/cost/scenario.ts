// What is played, and how to read its figures.

import type { AwsUsage } from "./bill.ts";
import { daysPerMonth } from "./prices.ts";
import type { Stage, Window } from "./stage.ts";

export type Unit = {
  /** What the dollars are for. */
  readonly label: string;
  /** What the counts are shown for, and how many of these make the unit. */
  readonly each: string;
  readonly eachPerUnit: number;
};

export const millionMessages: Unit = { label: "a million messages", each: "message", eachPerUnit: 1_000_000 };
export const millionReconnects: Unit = { label: "a million reconnects", each: "reconnect", eachPerUnit: 1_000_000 };
export const deviceMonth: Unit = { label: "a device and month", each: "day", eachPerUnit: daysPerMonth };

/** What a run found. */
export type Played = {
  readonly window: Window;
  /** How often the thing that `Unit.each` names happened in the window. */
  readonly times: number;
  /** Whether its sessions have tables, which they read when they wake. */
  readonly isStored: boolean;
  /** Rare alarms of the same window. */
  readonly aws: AwsUsage;
};

export type Scenario = {
  /** For `--only`, and the namespace of its run. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** `fast` for runs that take an hour or more of the Worker's clock; `alone` for runs that would disturb others. */
  readonly kind: "alone" | "real time" | "fast clock";
  /** The target: at most this many dollars, if there is one. */
  readonly target?: number;
  readonly play: (stage: Stage) => Promise<Played>;
};

export const minutesOf = (ms: number) => ms / 60_000;
