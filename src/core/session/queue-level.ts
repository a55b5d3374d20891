// How long the queue of a sleeping session is, told to the directory as rarely as it can be: by powers of ten.

/** Of messages; one that passes none of them is not told. */
const levels = [10, 100, 1_000, 10_000];

export class QueueLevel {
  private level: number;

  /** @param messages what waits when the object starts: told, if it ever was to be */
  constructor(messages: number) {
    this.level = levelOf(messages);
  }

  /** The directory is told of so many. */
  reset(messages: number): void {
    this.level = levelOf(messages);
  }

  /** Whether the directory has to be told of so many. It is not told of fewer: they are told when the client leaves. */
  rises(messages: number): boolean {
    const level = levelOf(messages);
    if (level <= this.level) return false;
    this.level = level;
    return true;
  }
}

function levelOf(messages: number): number {
  return levels.filter((least) => messages >= least).length;
}
