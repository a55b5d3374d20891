// Who may have another connection, by the file descriptors that are left. A connection that is no client yet is pending:
// those of one network get half of the room, so that others still get in.

import type { Descriptors } from "../descriptors.ts";

/** Pending connections of one network, as a share of the descriptors for connections. Each connection takes four. */
const networkShare = 1 / 8;

/** `settle` is to be called, once or more often, when the connection is a client or closed. */
export type Place = { readonly settle: () => void } | { readonly refusal: string };

export class Room {
  readonly #descriptors: Descriptors;
  readonly #pending = new Map<string, number>();

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  take(network: string): Place {
    const pending = this.#pending.get(network) ?? 0;
    if (pending >= this.#descriptors.room * networkShare) {
      return { refusal: `${pending} connections of ${network} are no clients yet` };
    }
    if (!this.#descriptors.take()) {
      const { limit, used } = this.#descriptors;
      const cure = "raise the limit (ulimit -n) for more clients";
      return { refusal: `${used} of ${limit} file descriptors are in use: ${cure}` };
    }
    this.#pending.set(network, pending + 1);
    return { settle: once(() => this.#settle(network)) };
  }

  #settle(network: string): void {
    const left = (this.#pending.get(network) ?? 0) - 1;
    if (left > 0) this.#pending.set(network, left);
    else this.#pending.delete(network);
  }
}

/** @returns what acts when it is first called */
export function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
