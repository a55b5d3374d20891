// What a CONNECT shows of its client, and what the store of credentials answers.

import type { Allowance } from "./guesses.ts";
import type { LoginResult } from "./login-attempt.ts";

/** Plain data: it travels from the session to the access object. */
export type Login = {
  readonly clientId: string;
  readonly username: string | undefined;
  /** The hash of the password's bytes, in lower-case hexadecimal. The password itself does not leave the session. */
  readonly passwordSha256: string | undefined;
  /** The fingerprint of the client certificate that Cloudflare has verified, in lower-case hexadecimal. */
  readonly certificateSha256: string | undefined;
  /** The username was proved by an authentication method: no password is needed. */
  readonly isProved: boolean;
  /** Set if the proof of an authentication method was wrong: the login is refused, and counted. */
  readonly isWrongProof?: true;
  /** The owner of the session with this client identifier, as `Grant.identity`; missing if there is no session. */
  readonly sessionIdentity?: string;
  /** The client's network, from `networkOf`; `undefined` if it is not known. */
  readonly address: string | undefined;
};

/** How a chosen password is stored: PBKDF2 with HMAC-SHA-256, RFC 8018 section 5.2. Base64. */
export type PasswordHash = { readonly iterations: number; readonly salt: string; readonly hash: string };

export type LoginVerdict =
  | LoginResult
  /** The caller must compare the password with this hash, which may be nobody's, and ask again if it matches. */
  | {
      readonly outcome: "compare";
      readonly passwordHash: PasswordHash;
      /** Send it back with that second question. */
      readonly allowance?: Allowance;
      /** A wrong password is answered after this many milliseconds, with "later". */
      readonly lateMs?: number;
    }
  /** There is no such username. Only answered if anonymous clients are let in. */
  | { readonly outcome: "unknown" };
