// The answer of a session that the directory asks where its client is, and how the directory compares two connections.
// The answer is built in inspection.ts.

import type { Account } from "../counters.ts";

/** A client that is connected, as the directory lists it: reported by its session, or found by asking. Plain data. */
export type ConnectedClient = {
  readonly protocolVersion: number;
  /** As `Grant.identity`. */
  readonly identity: string;
  /** As `Account.connection`. */
  readonly connection: string;
  /** When it connected, in milliseconds since 1970. */
  readonly atMs: number;
  /** As `ClientFacts.address`; missing from an object of an earlier version. */
  readonly address?: string;
};

/** Plain data, sent to the directory. Times are in milliseconds since 1970. */
export type Whereabouts =
  | ({ readonly state: "connected"; readonly account: Account } & ConnectedClient)
  | {
      readonly state: "away";
      readonly identity: string;
      /** When it left. */
      readonly atMs: number;
      readonly queuedMessages: number;
      /** The same in bytes; missing from an object of an earlier version. */
      readonly queuedBytes?: number;
    }
  /** There is no session. */
  | { readonly state: "none" };

/**
 * Whether a connection began before another of the same client, judging by their names. Clocks may be set, and an object may
 * move to a machine whose clock is behind. So the result is a reason to ask the session, and decides nothing.
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
