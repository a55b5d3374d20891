// What strangers could have the log say again and again: each kind so many times a minute, and then how often it was left out.

const minuteMs = 60_000;
/** Beyond that a kind may be said sooner. */
const maximumKinds = 1_000;

type Minute = { readonly beganAtMs: number; said: number; leftOut: number };

export class Seldom {
  private readonly timesAMinute: number;
  private readonly minutes = new Map<string, Minute>();

  constructor(timesAMinute: number) {
    this.timesAMinute = timesAMinute;
  }

  /** @returns how often it was left out before, or `undefined` if it is to be left out now */
  note(kind: string, nowMs: number): number | undefined {
    const minute = this.minutes.get(kind);
    if (minute === undefined || nowMs < minute.beganAtMs || nowMs >= minute.beganAtMs + minuteMs) {
      if (this.minutes.size >= maximumKinds) this.minutes.clear();
      this.minutes.set(kind, { beganAtMs: nowMs, said: 1, leftOut: 0 });
      return minute?.leftOut ?? 0;
    }
    if (minute.said < this.timesAMinute) {
      minute.said += 1;
      return 0;
    }
    minute.leftOut += 1;
    return undefined;
  }
}
