// Decides whether a network may open another connection, by the file descriptors that are left. A connection is pending
// until it becomes a client. The pending connections of one network may use half of the room, so that others still get in.

import type { Descriptors } from "../descriptors.ts";

/** Pending connections of one network, as a share of the descriptors for connections. Each connection takes four. */
const networkShare = 1 / 8;

/** Call `release` when the connection becomes a client, and when it closes; only the first call counts. */
export type Place = { readonly release: () => void } | { readonly refusal: string };

export class ConnectionLimit {
  readonly #descriptors: Descriptors;
  readonly #pending = new Map<string, number>();

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  admit(network: string): Place {
    const pending = this.#pending.get(network) ?? 0;
    if (pending >= this.#descriptors.room * networkShare) {
      return { refusal: `${pending} connections of ${network} are not clients yet` };
    }
    if (!this.#descriptors.take()) {
      const { limit, used } = this.#descriptors;
      const cure = "raise the limit (ulimit -n) for more clients";
      return { refusal: `${used} of ${limit} file descriptors are in use: ${cure}` };
    }
    this.#pending.set(network, pending + 1);
    return { release: once(() => this.#release(network)) };
  }

  #release(network: string): void {
    const left = (this.#pending.get(network) ?? 0) - 1;
    if (left > 0) this.#pending.set(network, left);
    else this.#pending.delete(network);
  }
}

/** @returns a function that calls `act` the first time only */
export function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
