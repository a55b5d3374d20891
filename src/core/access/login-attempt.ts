// What a CONNECT asks to be checked, and the result. The check itself is outside of the core.

import type { Grant } from "./grant.ts";

/** What the Worker alone can see of a client, and passes on to its session. Plain data, fit for JSON. */
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
  /** Whether an authentication method has proved the username. */
  readonly isProved: boolean;
  /** Set if the proof of an authentication method was wrong. */
  readonly isWrongProof?: true;
  /** As `Login.sessionIdentity`. */
  readonly sessionIdentity?: string;
};

export type LoginResult =
  | {
      readonly outcome: "granted";
      readonly grant: Grant;
      /** Whether the session may reuse the login for a while. Not if it was by password, which could be guessed that way. */
      readonly isReusable: boolean;
    }
  | { readonly outcome: "refused" }
  /** There were too many failed logins, or there are too many clients. The client may try again later. */
  | { readonly outcome: "later" }
  /** Nobody could be asked. */
  | { readonly outcome: "unavailable" };

/** What an attempt says besides the client's credentials. */
type Circumstance = "clientId" | "address" | "sessionIdentity" | "isWrongProof";

/**
 * What a client shows to prove who it is: each field of an attempt that is no circumstance. So a field that is added to
 * `LoginAttempt` is a type error until it is shown here, or is named a circumstance.
 */
export type Shown = {
  readonly [Field in Exclude<keyof LoginAttempt, Circumstance>]-?: LoginAttempt[Field] | undefined;
};

export function shownBy({ username, password, bearer, certificateSha256, isProved }: LoginAttempt): Shown {
  return { username, password, bearer, certificateSha256, isProved };
}

/** Whether the client shows any credentials at all. */
export function showsCredentials(attempt: LoginAttempt): boolean {
  return Object.values(shownBy(attempt)).some((shown) => shown !== undefined && shown !== false);
}
