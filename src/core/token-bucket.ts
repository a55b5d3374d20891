// How often something may happen: so often on average, and more at once after a quiet time.

export class TokenBucket {
  private readonly capacity: number;
  private readonly tokensPerMs: number;
  private tokens: number;
  private filledAtMs = 0;

  /**
   * @param capacity how often it may happen at once, when the bucket is full, as it is at first; 0 is no limit
   * @param fillSec how long an empty one takes to be full
   */
  constructor(capacity: number, fillSec: number) {
    this.capacity = capacity;
    this.tokensPerMs = capacity / (fillSec * 1000);
    this.tokens = capacity;
  }

  /** @returns whether it may happen now, so many times; where it may not, that costs nothing */
  take(nowMs: number, count = 1): boolean {
    if (!this.holds(nowMs, count)) return false;
    this.tokens -= count;
    return true;
  }

  /** Whether it may happen now, so many times; it is not taken. */
  holds(nowMs: number, count = 1): boolean {
    if (this.capacity === 0) return true;
    // A clock that is set back brings nothing, and does not stop the bucket from filling.
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
