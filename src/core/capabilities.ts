// What MQTT lets a broker leave out: each capability and the variable that restricts it, named as in `limits.ts`.
// CONNACK says that there is a restriction. MQTT 5.0 sections 3.2.2.3.4, 3.2.2.3.5 and 3.2.2.3.11 to 3.2.2.3.13.

import { initialsOf, type Range, type WholeNumbers } from "./whole-numbers.ts";

/** `[default, least, most]` of each capability. The default is what a client assumes if CONNACK says nothing. */
export const capabilityRanges = {
  /** The maximum QoS of a PUBLISH and a Will. Subscriptions are granted no more. */
  maximumQos: [2, 0, 2],
  /** 0: neither taken nor sent; those that are stored already stay, for when it is 1 again. */
  retainAvailable: [1, 0, 1],
  wildcardSubscriptionAvailable: [1, 0, 1],
  subscriptionIdentifiersAvailable: [1, 0, 1],
  sharedSubscriptionAvailable: [1, 0, 1],
} as const satisfies Record<string, Range>;

type CapabilityName = keyof typeof capabilityRanges;
export type Capabilities = WholeNumbers<CapabilityName>;

export const allCapabilities: Capabilities = initialsOf(capabilityRanges);

/** What CONNACK must say: what the broker offers less than a client assumes [MQTT-3.2.2-9]. */
export function restrictionsOf(capabilities: Capabilities): Partial<Capabilities> {
  const names = Object.keys(capabilityRanges) as CapabilityName[];
  const restricted = names.filter((name) => capabilities[name] !== allCapabilities[name]);
  return Object.fromEntries(restricted.map((name) => [name, capabilities[name]]));
}
