// Decides when a session whose client is away reports the size of its queue to the directory. To report rarely, it does so
// only when the queue passes a power of ten in messages, or a power of four in bytes.

export type QueueSize = { readonly messages: number; readonly bytes: number };

/** A queue that stays below the lowest levels is not reported. */
const messageLevels = [10, 100, 1_000, 10_000];
const byteLevels = Array.from({ length: 8 }, (_, index) => 65_536 * 4 ** index);

export class QueueLevel {
  private messages: number;
  /** Begins at 0, so that an object that has just started reports, and learns whether its queue may grow. */
  private bytes = 0;

  /** @param size the queue when the object starts; its messages have been reported already if they had to be */
  constructor(size: QueueSize) {
    this.messages = levelOf(size.messages, messageLevels);
  }

  /** This size is being reported. */
  reset({ messages, bytes }: QueueSize): void {
    this.messages = levelOf(messages, messageLevels);
    this.bytes = levelOf(bytes, byteLevels);
  }

  /** Whether this size must be reported. A smaller queue is not reported until the client next leaves. */
  rises(size: QueueSize): boolean {
    const messages = levelOf(size.messages, messageLevels);
    const bytes = levelOf(size.bytes, byteLevels);
    if (messages <= this.messages && bytes <= this.bytes) return false;
    this.messages = Math.max(messages, this.messages);
    this.bytes = Math.max(bytes, this.bytes);
    return true;
  }
}

function levelOf(amount: number, levels: readonly number[]): number {
  return levels.filter((least) => amount >= least).length;
}
