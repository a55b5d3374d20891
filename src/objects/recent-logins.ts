// Who has logged in just now: sessions that a change of their rules has to reach, though nobody else knows of them yet.

const rememberedMs = 60_000;
const maximumRemembered = 10_000;

type RecentLogin = { readonly identity: string; readonly clientId: string; readonly atMs: number };

export class RecentLogins {
  private readonly logins = new Map<string, RecentLogin>();

  note(identity: string, clientId: string, atMs: number): void {
    const key = keyOf(identity, clientId);
    // The order of a Map is that of insertion.
    this.logins.delete(key);
    this.logins.set(key, { identity, clientId, atMs });
    for (const [oldest, login] of this.logins) {
      if (login.atMs > atMs - rememberedMs && this.logins.size <= maximumRemembered) return;
      this.logins.delete(oldest);
    }
  }

  /** It came to nothing. */
  forget(identity: string, clientId: string): void {
    this.logins.delete(keyOf(identity, clientId));
  }

  /** Those of the last `windowMs`; a minute is the most. */
  clientsOf(identity: string, nowMs: number, windowMs = rememberedMs): string[] {
    const isOf = (login: RecentLogin) => login.identity === identity && login.atMs > nowMs - windowMs;
    return [...this.logins.values()].filter(isOf).map(({ clientId }) => clientId);
  }
}

function keyOf(identity: string, clientId: string): string {
  return `${identity} ${clientId}`;
}
