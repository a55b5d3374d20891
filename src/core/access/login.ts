// What a CONNECT shows of its client, and what the store of credentials answers.

import type { Allowance } from "./guesses.ts";
import type { LoginResult } from "./login-attempt.ts";

/** Plain data: it travels from the session to the access object. */
export type Login = {
  readonly clientId: string;
  readonly username: string | undefined;
  /** Of the password's bytes, in lower-case hexadecimal; the password itself does not leave the session. */
  readonly passwordSha256: string | undefined;
  /** Of the client certificate that Cloudflare has verified, in lower-case hexadecimal. */
  readonly certificateSha256: string | undefined;
  /** The username was proved by an authentication method: no password is needed. */
  readonly isProved: boolean;
  /** An authentication method was to prove the username, and did not: it is refused, and counted. */
  readonly isWrongProof?: true;
  /** As `Grant.identity`: whose the session with this client identifier is, where there is one. */
  readonly sessionIdentity?: string;
  /** The client's network as `networkOf` has it; `undefined` where it is not known. */
  readonly address: string | undefined;
};

/** How a chosen password is stored: PBKDF2 with HMAC-SHA-256, RFC 8018 section 5.2. Base64. */
export type PasswordHash = { readonly iterations: number; readonly salt: string; readonly hash: string };

export type LoginVerdict =
  | LoginResult
  /** Whoever asks has to compare the password with this, which may be nobody's, and ask again where it is right. */
  | {
      readonly outcome: "compare";
      readonly passwordHash: PasswordHash;
      /** To be given back with the question. */
      readonly allowance?: Allowance;
      /** A wrong password is to be answered after so long, and as one that has to wait. */
      readonly lateMs?: number;
    }
  /** There is no such username. Only where anonymous clients are let in. */
  | { readonly outcome: "unknown" };
