// From signing in to signing out: the token in this tab's storage, and everything that lives as long as the token is
// used.

import { signal } from "@preact/signals";
import { brokerUrlOf } from "../../tools/device-setup/device-setup.ts";
import { Api, ApiFailure } from "./api/api.ts";
import { Connection } from "./broker/connection.ts";
import { removeOwnCredential } from "./broker/own-credential.ts";
import { PresenceBoard, presenceFilter } from "./devices/presence.ts";
import { Feed } from "./live/feed.ts";
import { StatsHistory } from "./overview/stats-history.ts";

export type SignIn = { readonly token: string; readonly namespace: string };

export type SignedIn = {
  readonly namespace: string;
  readonly api: Api;
  readonly connection: Connection;
  readonly feed: Feed;
  readonly presence: PresenceBoard;
  readonly statsHistory: StatsHistory;
};

const storageKey = "durable-mqtt.sign-in";

/** `undefined` while nobody is signed in. */
export const signedIn = signal<SignedIn | undefined>(undefined);
/** Why the sign-in page is shown again. */
export const signInNotice = signal("");
export const isSigningIn = signal(false);

/** @throws {ApiFailure} if the token is refused */
export async function signIn({ token, namespace }: SignIn): Promise<void> {
  if (!/^[!-~]+$/.test(token)) throw new ApiFailure("wrong-token", wrongTokenLine);
  const api = new Api(namespace, token, () => void signOut("This token is no longer valid. Sign in with another one."));
  // This request checks the token.
  const probe = new Api(namespace, token, () => {});
  await probe.call("GET", "/clients?limit=1").catch((error) => {
    throw error.code === "wrong-token" ? new ApiFailure("wrong-token", wrongTokenLine) : error;
  });
  sessionStorage.setItem(storageKey, JSON.stringify({ token, namespace }));
  signInNotice.value = "";
  signedIn.value = opened(api, namespace);
}

const wrongTokenLine =
  "This token is not valid here. npm start prints the right one; on Cloudflare it is the secret ADMIN_TOKEN.";

function opened(api: Api, namespace: string): SignedIn {
  const feed = new Feed();
  const presence = new PresenceBoard();
  const connection = new Connection(brokerUrlOf(location.origin, namespace), api, (message) => {
    feed.take(message);
    presence.take(message);
  });
  for (const filter of feed.filters.value) void connection.subscribe(filter);
  void connection.subscribe(presenceFilter);
  void connection.open();
  return { namespace, api, connection, feed, presence, statsHistory: new StatsHistory() };
}

/** @param notice why, for the sign-in page */
export async function signOut(notice = ""): Promise<void> {
  const ended = signedIn.value;
  if (ended === undefined) return;
  signedIn.value = undefined;
  signInNotice.value = notice;
  sessionStorage.removeItem(storageKey);
  ended.connection.close();
  ended.feed.end();
  // If the removal fails, the credential expires within hours.
  await removeOwnCredential(ended.api).catch(() => {});
}

/** Signs in with the token of the address that `npm start` prints, or else with this tab's token. */
export async function signInByItself(isOpening: boolean): Promise<void> {
  const given = takeFromAddress() ?? (isOpening ? stored() : undefined);
  if (given === undefined) return;
  isSigningIn.value = true;
  await signOut();
  await signIn(given).catch((error: ApiFailure) => {
    signInNotice.value = error.message;
  });
  isSigningIn.value = false;
}

function stored(): SignIn | undefined {
  const text = sessionStorage.getItem(storageKey);
  return text === null ? undefined : JSON.parse(text);
}

/** Removes the token from the address and from the browser's history. */
function takeFromAddress(): SignIn | undefined {
  const match = /^#token=([^&]+)(?:&namespace=([A-Za-z0-9_-]{1,64}))?$/.exec(location.hash);
  if (match === null) return undefined;
  history.replaceState(null, "", `${location.pathname}#/live`);
  return { token: decoded(match[1] ?? ""), namespace: match[2] ?? "default" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
