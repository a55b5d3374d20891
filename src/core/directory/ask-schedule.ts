// Which sessions the directory asks for their counters when somebody wants to know: few at a time, the longest not asked
// first, and those that had nothing new the more rarely the longer they had not.

export const maximumAskedAtOnce = 20;
const firstWaitMs = 10_000;
const longestWaitMs = 300_000;

type Turn = {
  /** When it was last asked, in milliseconds since 1970; 0 for never. */
  readonly askedAtMs: number;
  /** How long to leave it alone then. */
  readonly waitMs: number;
};

/** Where it was last asked in the future, the clock has been set back. */
function isDue({ askedAtMs, waitMs }: Turn, nowMs: number): boolean {
  return nowMs >= askedAtMs + waitMs || nowMs < askedAtMs;
}

export class AskSchedule {
  private readonly turns = new Map<string, Turn>();

  /** Sessions with a client. */
  get size(): number {
    return this.turns.size;
  }

  has(clientId: string): boolean {
    return this.turns.has(clientId);
  }

  add(clientId: string): void {
    this.turns.set(clientId, { askedAtMs: 0, waitMs: 0 });
  }

  delete(clientId: string): void {
    this.turns.delete(clientId);
  }

  /** Those to ask now. */
  take(nowMs: number): string[] {
    const due = [...this.turns].filter(([, turn]) => isDue(turn, nowMs));
    const asked = due.sort(([, one], [, other]) => one.askedAtMs - other.askedAtMs).slice(0, maximumAskedAtOnce);
    for (const [clientId, { waitMs }] of asked) {
      this.turns.set(clientId, {
        askedAtMs: nowMs,
        waitMs: Math.min(Math.max(waitMs * 2, firstWaitMs), longestWaitMs),
      });
    }
    return asked.map(([clientId]) => clientId);
  }

  /** It had something new: it is asked again soon. */
  onChanged(clientId: string): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, waitMs: firstWaitMs });
  }
}
