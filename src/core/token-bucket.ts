// Limits how often something may happen: on average, with more at once after a quiet time.

export class TokenBucket {
  private readonly capacity: number;
  private readonly tokensPerMs: number;
  private tokens: number;
  private filledAtMs = 0;

  /**
   * @param capacity how often it may happen at once if the bucket is full, as it is at first; 0 is no limit
   * @param fillSec how many seconds an empty bucket takes to fill
   */
  constructor(capacity: number, fillSec: number) {
    this.capacity = capacity;
    this.tokensPerMs = capacity / (fillSec * 1000);
    this.tokens = capacity;
  }

  /** @returns whether it may happen `count` times now; if not, nothing is taken */
  take(nowMs: number, count = 1): boolean {
    if (!this.holds(nowMs, count)) return false;
    this.tokens -= count;
    return true;
  }

  /** Whether it may happen `count` times now. Takes nothing. */
  holds(nowMs: number, count = 1): boolean {
    if (this.capacity === 0) return true;
    // A clock that is set back adds nothing, but does not stop the bucket from filling after that.
    const elapsedMs = Math.max(0, nowMs - this.filledAtMs);
    this.tokens = Math.min(this.capacity, this.tokens + elapsedMs * this.tokensPerMs);
    this.filledAtMs = nowMs;
    return this.tokens >= count;
  }

  isFull(nowMs: number): boolean {
    return this.holds(nowMs, this.capacity);
  }

  /** What was taken did not happen. */
  giveBack(): void {
    this.tokens = Math.min(this.capacity, this.tokens + 1);
  }
}
