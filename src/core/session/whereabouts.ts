// Where a session's client is, as the session itself says. What the directory lists is what it was told last; this is
// what is so.

import type { Account } from "./counters.ts";

/** Plain data: it travels to the directory. Times are in milliseconds since 1970. */
export type Whereabouts =
  | {
      readonly state: "connected";
      readonly protocolVersion: number;
      /** As `Grant.identity`. */
      readonly identity: string;
      /** As `Account.connection`. */
      readonly connection: string;
      /** When it connected. */
      readonly atMs: number;
      readonly account: Account;
    }
  | {
      readonly state: "away";
      readonly identity: string;
      /** When it left. */
      readonly atMs: number;
      readonly queuedMessages: number;
      /** The same in bytes; an object of an earlier version does not say. */
      readonly queuedBytes?: number;
    }
  /** There is no session. */
  | { readonly state: "none" };

/**
 * Whether a connection began before another of the same client, as their names tell. Clocks are set, and an object moves to
 * a machine whose clock is behind: it is a reason to ask, and decides nothing.
 */
export function isEarlierConnection(one: string, other: string): boolean {
  const [[oneMs, oneSocket], [otherMs, otherSocket]] = [partsOf(one), partsOf(other)];
  return oneMs === otherMs ? oneSocket < otherSocket : oneMs < otherMs;
}

/** See `connectionNameOf`. */
function partsOf(connection: string): readonly [number, number] {
  const [ms, socket] = connection.split("-").map(Number);
  return [ms ?? 0, socket ?? 0];
}
