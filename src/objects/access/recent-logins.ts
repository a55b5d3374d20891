// Remembers who has just logged in. A change of rules must reach those sessions too, though the directory may not list them
// yet. Each is remembered until its session is listed, or has asked for its grant again: see `reporting.ts`.

import { limitRanges } from "../../core/limits.ts";

/** A lane gives up after at most 45 s, with two unanswered calls. A login is used before CONNECT times out. */
export const unlistedAtMostMs = 60_000 + limitRanges.connectTimeoutSec[2] * 1_000;
const maximumRemembered = 10_000;
const sweepEveryMs = 10_000;

export class RecentLogins {
  /** When each client logged in, by identity and client identifier; the oldest first. */
  private readonly byIdentity = new Map<string, Map<string, number>>();
  private size = 0;
  private sweptAtMs = 0;

  note(identity: string, clientId: string, atMs: number): void {
    this.forget(identity, clientId);
    const ofIdentity = this.byIdentity.get(identity) ?? new Map<string, number>();
    this.byIdentity.set(identity, ofIdentity.set(clientId, atMs));
    this.size += 1;
    if (Math.abs(atMs - this.sweptAtMs) >= sweepEveryMs) this.sweep(atMs);
    if (this.size > maximumRemembered) this.forgetOldestOfMost();
  }

  /** To be called when the login is refused after all. */
  forget(identity: string, clientId: string): void {
    const ofIdentity = this.byIdentity.get(identity);
    if (!ofIdentity?.delete(clientId)) return;
    this.size -= 1;
    if (ofIdentity.size === 0) this.byIdentity.delete(identity);
  }

  has(identity: string, clientId: string, nowMs: number): boolean {
    const atMs = this.byIdentity.get(identity)?.get(clientId);
    return atMs !== undefined && atMs > nowMs - unlistedAtMostMs;
  }

  /** The clients that have logged in within the last `windowMs`. */
  clientsOf(identity: string, nowMs: number, windowMs = unlistedAtMostMs): string[] {
    const logins = [...(this.byIdentity.get(identity) ?? [])];
    return logins.filter(([, atMs]) => atMs > nowMs - windowMs).map(([clientId]) => clientId);
  }

  private sweep(nowMs: number): void {
    this.sweptAtMs = nowMs;
    for (const [identity, logins] of this.byIdentity) {
      for (const [clientId, atMs] of logins) if (atMs <= nowMs - unlistedAtMostMs) this.forget(identity, clientId);
    }
  }

  /** Forgets the oldest login of the identity with the most, so that it pushes out nobody else's. */
  private forgetOldestOfMost(): void {
    let most: readonly [string, Map<string, number>] | undefined;
    for (const entry of this.byIdentity) if (entry[1].size > (most?.[1].size ?? 0)) most = entry;
    const oldest = most?.[1].keys().next();
    if (most !== undefined && oldest?.done === false) this.forget(most[0], oldest.value);
  }
}
