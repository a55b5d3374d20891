// What a CONNECT shows of its client, and what the store of credentials answers.

import type { Grant } from "./grant.ts";

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
  /** The client's network as `networkOf` has it; `undefined` where it is not known. */
  readonly address: string | undefined;
};

/** How a chosen password is stored: PBKDF2 with HMAC-SHA-256, RFC 8018 section 5.2. Base64. */
export type PasswordHash = { readonly iterations: number; readonly salt: string; readonly hash: string };

export type LoginVerdict =
  | { readonly outcome: "granted"; readonly grant: Grant }
  /** Wrong or unknown: which of the two is for nobody to learn. */
  | { readonly outcome: "refused" }
  /** Too many failed logins of this username or address, or too many clients of this credential. */
  | { readonly outcome: "later" }
  /** Whoever asks has to compare the password with this, and tell where it is right. `grant` is what it is then worth. */
  | { readonly outcome: "compare"; readonly passwordHash: PasswordHash; readonly grant: Grant | undefined }
  /** There is no such username. Only where anonymous clients are let in. */
  | { readonly outcome: "unknown" };
