// The credential that the dashboard itself connects with: made through the API, valid for some hours, and removed when
// its user signs out. Each tab has its own, because its name is also the client identifier.

import {
  dashboardCredentialName,
  dashboardUsernamePrefix,
  isOfDashboard,
} from "../../../src/core/access/dashboard-credential.ts";
import { type Api, itemsOf } from "../api/api.ts";
import type { Credential, MadeCredential } from "../api/resources.ts";

export type OwnCredential = { readonly id: string; readonly clientId: string; readonly token: string };

const storageKey = "durable-mqtt.credential";
const lifetimeMs = 12 * 60 * 60 * 1000;

/** This tab's credential, or a new one. */
export async function ownCredential(api: Api): Promise<OwnCredential> {
  const stored = sessionStorage.getItem(storageKey);
  if (stored !== null) return JSON.parse(stored);
  // Runs in the background, because it may have to read thousands of credentials.
  void removeExpired(api).catch(() => {});
  const clientId = `${dashboardUsernamePrefix}${randomText()}`;
  const { id, token } = await api.call<MadeCredential>("POST", "/credentials", {
    username: clientId,
    name: dashboardCredentialName,
    expiresAt: new Date(Date.now() + lifetimeMs).toISOString(),
    rules: { publish: { allow: ["#"] }, subscribe: { allow: ["#", "$SYS/#"] }, clientIds: [clientId] },
  });
  const made = { id, clientId, token };
  sessionStorage.setItem(storageKey, JSON.stringify(made));
  return made;
}

/** Replaces a credential that the broker no longer accepts, or that another tab uses too. */
export function forgetOwnCredential(): void {
  sessionStorage.removeItem(storageKey);
}

export async function removeOwnCredential(api: Api): Promise<void> {
  const stored = sessionStorage.getItem(storageKey);
  forgetOwnCredential();
  if (stored !== null) await api.call("DELETE", `/credentials/${JSON.parse(stored).id}`);
}

/** Removes the credentials of tabs that were closed without signing out. */
async function removeExpired(api: Api): Promise<void> {
  const expired: Credential[] = [];
  for await (const credential of itemsOf<Credential>(api, "/credentials")) {
    const { expiresAt } = credential;
    if (isOfDashboard(credential) && expiresAt !== null && Date.parse(expiresAt) < Date.now()) expired.push(credential);
  }
  // Another tab may be doing the same.
  for (const { id } of expired) await api.call("DELETE", `/credentials/${id}`).catch(() => {});
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return [...bytes].map((byte) => byte.toString(36).padStart(2, "0")).join("");
}
