// What the log says of shared limits that were reached: the first time at once, then rarely, however often it happens.

import type { Reached } from "./reached.ts";
import type { Holding } from "./shared-room.ts";

export type ReachedNote = Reached & {
  /** Who met the limit last. */
  readonly holder: string;
  /** How often it was met since the note before. */
  readonly count: number;
  /** The largest holders at that time. */
  readonly largest: readonly Holding[];
};

/** How often one limit is noted. */
const noteEveryMs = 60_000;
const holdersInNote = 3;

export class ReachedNotes {
  private readonly states = new Map<string, { notedAtMs: number; count: number }>();
  private notes: ReachedNote[] = [];

  /** @param largest called only if a note is made */
  onReached(reached: Reached, holder: string, largest: (count: number) => Holding[], nowMs: number): void {
    const key = `${reached.limit} ${reached.shortage}`;
    const state = this.states.get(key) ?? { notedAtMs: Number.NEGATIVE_INFINITY, count: 0 };
    this.states.set(key, state);
    state.count += 1;
    // A clock that was set back must not silence the log.
    if (Math.abs(nowMs - state.notedAtMs) < noteEveryMs) return;
    this.notes.push({ ...reached, holder, count: state.count, largest: largest(holdersInNote) });
    state.notedAtMs = nowMs;
    state.count = 0;
  }

  /** @returns the notes since the last call */
  take(): readonly ReachedNote[] {
    if (this.notes.length === 0) return this.notes;
    const { notes } = this;
    this.notes = [];
    return notes;
  }
}
