// What a CONNECT asks to be checked, and what comes of it. Who checks it, and how, is outside of the core.

import type { Grant } from "./grant.ts";

/** What the Worker alone can see of a client, and tells its session. Plain data, fit for JSON. */
export type ClientFacts = {
  /** As `Login.address`. */
  readonly address?: string;
  /** As `Login.certificateSha256`. */
  readonly certificateSha256?: string;
  /** A token that came with the WebSocket's request. */
  readonly bearer?: string;
};

export type LoginAttempt = ClientFacts & {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** The username was proved by an authentication method. */
  readonly isProved: boolean;
  /** An authentication method was to prove the username, and did not. */
  readonly isWrongProof?: true;
  /** As `Login.sessionIdentity`. */
  readonly sessionIdentity?: string;
};

export type LoginResult =
  | {
      readonly outcome: "granted";
      readonly grant: Grant;
      /** Whether the session may remember it for a while: not what a password was, for it could be guessed by that. */
      readonly isReusable: boolean;
    }
  | { readonly outcome: "refused" }
  /** Too many failed, or too many clients: later it may be accepted. */
  | { readonly outcome: "later" }
  /** Nobody could be asked. */
  | { readonly outcome: "unavailable" };

/** Whether the client shows anything at all of who it is. */
export function showsCredentials({ username, password, bearer, certificateSha256, isProved }: LoginAttempt): boolean {
  return isProved || [username, password, bearer, certificateSha256].some((shown) => shown !== undefined);
}
