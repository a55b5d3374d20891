// How many wrong tokens came from each network lately, as far as this isolate has seen: no object is asked for it.

const windowMs = 60_000;
const maximumWrong = 100;
/** Of networks that are remembered. */
const maximumNetworks = 10_000;

export class WrongTokens {
  private counts = new Map<string, number>();
  private windowBeganAtMs = 0;

  isLimited(network: string, nowMs: number): boolean {
    this.begin(nowMs);
    return (this.counts.get(network) ?? 0) >= maximumWrong;
  }

  note(network: string, nowMs: number): void {
    this.begin(nowMs);
    const count = this.counts.get(network) ?? 0;
    if (count > 0 || this.counts.size < maximumNetworks) this.counts.set(network, count + 1);
  }

  private begin(nowMs: number): void {
    if (Math.abs(nowMs - this.windowBeganAtMs) < windowMs) return;
    this.windowBeganAtMs = nowMs;
    this.counts = new Map();
  }
}
