// Who has logged in just now: sessions that a change of their rules has to reach, though nobody else knows of them yet.

const rememberedMs = 60_000;
const maximumRemembered = 10_000;

type RecentLogin = { readonly identity: string; readonly clientId: string; readonly atMs: number };

export class RecentLogins {
  /** The order of a Map is that of insertion: the oldest first. */
  private readonly logins = new Map<string, RecentLogin>();
  private readonly byIdentity = new Map<string, Map<string, RecentLogin>>();

  note(identity: string, clientId: string, atMs: number): void {
    this.forget(identity, clientId);
    const login = { identity, clientId, atMs };
    this.logins.set(keyOf(login), login);
    const ofIdentity = this.byIdentity.get(identity) ?? new Map<string, RecentLogin>();
    this.byIdentity.set(identity, ofIdentity.set(clientId, login));
    for (const oldest of this.logins.values()) {
      if (oldest.atMs > atMs - rememberedMs && this.logins.size <= maximumRemembered) return;
      this.forget(oldest.identity, oldest.clientId);
    }
  }

  /** It came to nothing. */
  forget(identity: string, clientId: string): void {
    this.logins.delete(keyOf({ identity, clientId }));
    const ofIdentity = this.byIdentity.get(identity);
    ofIdentity?.delete(clientId);
    if (ofIdentity?.size === 0) this.byIdentity.delete(identity);
  }

  /** Those of the last `windowMs`; a minute is the most. */
  clientsOf(identity: string, nowMs: number, windowMs = rememberedMs): string[] {
    const logins = [...(this.byIdentity.get(identity)?.values() ?? [])];
    return logins.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ clientId }) => clientId);
  }
}

function keyOf({ identity, clientId }: Omit<RecentLogin, "atMs">): string {
  return `${identity} ${clientId}`;
}
