// A limit that all clients of a namespace share, and who holds how much of it. Guarantee G4: a share for each holder, so
// that no client takes the room of all others.

import { isAnonymousHolder, unknownHolder } from "./holder.ts";

/** What prevents more: the limit itself, or the holder's share of it. */
export type Shortage = "limit" | "share";

export type Holding = { readonly holder: string; readonly amount: number };

/** How much of a limit is in use. Plain data: it travels between objects. */
export type RoomUse = {
  readonly used: number;
  readonly maximum: number;
  /** Some of the holders: those with the largest amounts, the largest first. */
  readonly largest: readonly Holding[];
};

export class SharedRoom {
  private readonly limit: number;
  private readonly sharePercent: number;
  private readonly holdings = new Map<string, number>();
  private ofAnonymous = 0;
  private total = 0;

  /** @param sharePercent what one holder may have of what the others leave; 100 for all of it */
  constructor(limit: number, sharePercent: number) {
    this.limit = limit;
    this.sharePercent = sharePercent;
  }

  /** What all hold together. */
  get held(): number {
    return this.total;
  }

  heldBy(holder: string): number {
    return this.holdings.get(holder) ?? 0;
  }

  /** @param amount negative when it is freed */
  add(holder: string, amount: number): void {
    if (amount === 0) return;
    const after = this.heldBy(holder) + amount;
    if (after === 0) this.holdings.delete(holder);
    else this.holdings.set(holder, after);
    this.total += amount;
    if (isAnonymousHolder(holder)) this.ofAnonymous += amount;
  }

  /**
   * Whether the holder may have more. Whoever does not take more is never refused, however little room there is.
   * @param freed what somebody else frees in return
   */
  shortageOf(holder: string, more: number, freed = 0): Shortage | undefined {
    if (more <= 0) return undefined;
    if (more > freed && this.total + more - freed > this.limit) return "limit";
    if (holder === unknownHolder) return undefined;
    const own = this.heldBy(holder);
    return own + more > this.shareOf(holder, own, freed) ? "share" : undefined;
  }

  /** What one holder may have. All anonymous clients together are one holder, and share its part. */
  private shareOf(holder: string, own: number, freed: number): number {
    if (!isAnonymousHolder(holder)) return this.part(this.limit - (this.total - freed - own));
    const ofAllAnonymous = this.part(this.limit - (this.total - freed - this.ofAnonymous));
    return this.part(ofAllAnonymous - (this.ofAnonymous - own));
  }

  private part(room: number): number {
    return Math.ceil((room * this.sharePercent) / 100);
  }

  /** The holders with the largest amounts. One pass: there may be 200,000 holders, and somebody may ask all the time. */
  largest(count: number): Holding[] {
    const largest: Holding[] = [];
    for (const [holder, amount] of this.holdings) {
      if (largest.length >= count && amount <= (largest.at(-1)?.amount ?? 0)) continue;
      const behind = largest.findIndex((one) => one.amount < amount);
      largest.splice(behind === -1 ? largest.length : behind, 0, { holder, amount });
      if (largest.length > count) largest.pop();
    }
    return largest;
  }

  /** @param holders how many of the largest holders to name */
  use(holders: number): RoomUse {
    return { used: this.total, maximum: this.limit, largest: this.largest(holders) };
  }

  *[Symbol.iterator](): Iterator<Holding> {
    for (const [holder, amount] of this.holdings) yield { holder, amount };
  }
}
