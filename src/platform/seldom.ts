// Limits log lines that strangers can cause again and again: each kind a few times a minute, then the number left out.

const minuteMs = 60_000;
/** With more kinds than this, the counts of all are forgotten, and a kind may be logged too often. */
const maximumKinds = 1_000;

type Minute = { readonly beganAtMs: number; logged: number; leftOut: number };

export class Seldom {
  private readonly timesAMinute: number;
  private readonly minutes = new Map<string, Minute>();

  constructor(timesAMinute: number) {
    this.timesAMinute = timesAMinute;
  }

  /** @returns how many lines of this kind were left out before, or `undefined` to leave this one out */
  note(kind: string, nowMs: number): number | undefined {
    const minute = this.minutes.get(kind);
    if (minute === undefined || nowMs < minute.beganAtMs || nowMs >= minute.beganAtMs + minuteMs) {
      if (this.minutes.size >= maximumKinds) this.minutes.clear();
      this.minutes.set(kind, { beganAtMs: nowMs, logged: 1, leftOut: 0 });
      return minute?.leftOut ?? 0;
    }
    if (minute.logged < this.timesAMinute) {
      minute.logged += 1;
      return 0;
    }
    minute.leftOut += 1;
    return undefined;
  }
}
