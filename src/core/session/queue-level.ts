// How long the queue of a sleeping session is, told to the directory as rarely as it can be: by powers of ten of its messages,
// and by powers of four of its bytes.

export type QueueSize = { readonly messages: number; readonly bytes: number };

/** One that passes none of them is not told. */
const messageLevels = [10, 100, 1_000, 10_000];
const byteLevels = Array.from({ length: 8 }, (_, index) => 65_536 * 4 ** index);

export class QueueLevel {
  private messages: number;
  /** The directory says whether there may be more: an object that has started does not know, and asks. */
  private bytes = 0;

  /** @param size what waits when the object starts: told, if it ever was to be */
  constructor(size: QueueSize) {
    this.messages = levelOf(size.messages, messageLevels);
  }

  /** The directory is told of so much. */
  reset({ messages, bytes }: QueueSize): void {
    this.messages = levelOf(messages, messageLevels);
    this.bytes = levelOf(bytes, byteLevels);
  }

  /** Whether the directory has to be told of so much. It is not told of less: that is told when the client leaves. */
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
