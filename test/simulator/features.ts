// What a world has beyond clients and a failing network. Each seed has some of these features, so that every feature
// occurs alone, together with each other one, and not at all.

import type { Random } from "../support/random.ts";

const likelihood = {
  /** Connections to `/mqtt` pass through the Worker's relay. */
  relay: 0.4,
  /** All clients share subscriptions and publish to them, and their sessions crash while they store. */
  groups: 0.1,
  /** Two namespaces, with the same client identifiers and topics. */
  namespaces: 0.25,
  /** Clients with credentials, and an operator who changes and deletes them: see guesthouse.ts. */
  access: 0.3,
  /** The clock of all objects is set, back or forward. */
  clockSteps: 0.15,
  /** The clock of each object is a little wrong. */
  clockSkew: 0.25,
  /** An alarm's handler fails so often that the platform gives the alarm up. */
  lostAlarms: 0.2,
  /** A disk takes nothing for long. */
  fullDisks: 0.2,
  /** A second instance of an object starts while the first one still runs. */
  secondInstances: 0.3,
} as const satisfies Record<string, number>;

export type FeatureName = keyof typeof likelihood;
export type Features = Readonly<Record<FeatureName, boolean>>;

/** @param only the features of a focused world; `undefined` if the seed is to choose */
export function featuresOf(random: Random, only: readonly FeatureName[] | undefined): Features {
  const names = Object.keys(likelihood) as FeatureName[];
  const has = (name: FeatureName) => (only === undefined ? random.chance(likelihood[name]) : only.includes(name));
  return Object.fromEntries(names.map((name) => [name, has(name)])) as Features;
}

/** @throws {Error} if one of the names is none of a feature */
export function featureNamesOf(names: readonly string[]): readonly FeatureName[] {
  const unknown = names.find((name) => !(name in likelihood));
  if (unknown === undefined) return names as readonly FeatureName[];
  throw new Error(`there is no feature ${unknown}: there are ${Object.keys(likelihood).join(", ")}`);
}
