// What a client is allowed: filters for publishing and subscribing, and the most that it may ask for. Guarantee G6:
// what is not allowed is denied.

import type { QoS } from "../message/message.ts";

/**
 * Topic filters in which `%c` stands for the client identifier and `%u` for the username. What any of `allow` covers is
 * allowed, except what any of `deny` covers. A wildcard at the start also reaches names that start with `$`, except
 * `$SYS`.
 */
export type FilterRules = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** Plain data, fit for JSON. */
export type AccessRules = {
  readonly publish: FilterRules;
  readonly subscribe: FilterRules;
  /** The maximum QoS of a PUBLISH or Will. A subscription is granted no more. */
  readonly maximumQos: QoS;
  /** Whether a PUBLISH or Will may have the RETAIN flag. */
  readonly retain: boolean;
  /** Client identifiers to connect with, `*` standing for any characters and `%u` for the username; none is any. */
  readonly clientIds: readonly string[];
};

const everything: FilterRules = { allow: ["#"], deny: [] };
const nothing: FilterRules = { allow: [], deny: [] };

/** No wildcard reaches `$SYS`. */
export const fullAccess: AccessRules = {
  publish: everything,
  subscribe: { allow: ["#", "$SYS/#"], deny: [] },
  maximumQos: 2,
  retain: true,
  clientIds: [],
};

export const noAccess: AccessRules = { ...fullAccess, publish: nothing, subscribe: nothing };
