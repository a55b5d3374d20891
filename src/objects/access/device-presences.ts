// Which credentials have clients now, and when they last had some, from the directory. All who ask within half a second share
// one call: a page asks every other second, and several may be open.

import type { CredentialPresences, DevicePresence, DevicePresences } from "../../core/access/devices.ts";

export const sharedMs = 500;

export class DevicePresencesOfDirectory {
  private readonly ask: () => Promise<CredentialPresences>;
  private latest: { readonly atMs: number; readonly presences: Promise<DevicePresences> } | undefined;

  constructor(ask: () => Promise<CredentialPresences>) {
    this.ask = ask;
  }

  read(nowMs: number): Promise<DevicePresences> {
    if (this.latest !== undefined && Math.abs(nowMs - this.latest.atMs) < sharedMs) return this.latest.presences;
    const presences = this.ask().then(byIdentity);
    const latest = { atMs: nowMs, presences };
    this.latest = latest;
    // Whoever asks later asks the directory again.
    presences.catch(() => {
      if (this.latest === latest) this.latest = undefined;
    });
    return presences;
  }
}

function byIdentity({ identities, connected, lastSeenMs }: CredentialPresences): DevicePresences {
  return new Map(
    identities.map((identity, index): [string, DevicePresence] => [
      identity,
      { connected: connected[index] ?? 0, lastSeenMs: lastSeenMs[index] ?? 0 },
    ]),
  );
}
