// Who has logged in just now: sessions that a change of their rules has to reach, though the directory may not know of them
// yet. Longer than a session goes without either being listed, or asking again what its client is worth: see `reporting.ts`.

import { limitRanges } from "../core/limits.ts";

/** A lane gives up after 45 s at most, with two calls that nothing comes of; and a login is used in the time for CONNECT. */
export const unlistedAtMostMs = 60_000 + limitRanges.connectTimeoutSec[2] * 1_000;
const maximumRemembered = 10_000;
const sweepEveryMs = 10_000;

export class RecentLogins {
  /** By client identifier, when it logged in; the oldest first. */
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

  /** It came to nothing. */
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

  /** Those of the last `windowMs`. */
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

  /** An identity with very many clients pushes out its own logins, and nobody else's. */
  private forgetOldestOfMost(): void {
    let most: readonly [string, Map<string, number>] | undefined;
    for (const entry of this.byIdentity) if (entry[1].size > (most?.[1].size ?? 0)) most = entry;
    const oldest = most?.[1].keys().next();
    if (most !== undefined && oldest?.done === false) this.forget(most[0], oldest.value);
  }
}
