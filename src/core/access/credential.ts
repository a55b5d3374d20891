// A credential: what a client proves itself with, and what that lets it do.

import { sha256 } from "../authentication/hmac.ts";
import { toBase64 } from "../base64.ts";
import type { AccessRules } from "./access-rules.ts";
import type { Grant } from "./grant.ts";
import type { PasswordHash } from "./login.ts";

const textEncoder = new TextEncoder();

/** What is kept to check a login with; the secret cannot be found out from it. */
export type StoredSecret =
  /** A generated token. It has enough random bits that a plain hash cannot be reversed. */
  | { readonly kind: "token"; readonly sha256: string }
  | { readonly kind: "password"; readonly passwordHash: PasswordHash }
  /** As `Login.certificateSha256`. */
  | { readonly kind: "certificate"; readonly sha256: string }
  /** The username is proved by an authentication method. */
  | { readonly kind: "scram" };

export type SecretKind = StoredSecret["kind"];

/** The fields that may be shown. Plain data. */
export type Credential = {
  readonly id: string;
  /** What CONNECT has as User Name, and `%u` in rules. No two have the same. */
  readonly username: string;
  /** For people. */
  readonly name: string;
  readonly kind: SecretKind;
  readonly rules: AccessRules;
  /** Connected at once; `null` for any number. */
  readonly maximumClients: number | null;
  readonly isEnabled: boolean;
  /** Milliseconds since 1970; 0 for never. */
  readonly expiresAtMs: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** A credential with what it is checked by. */
export type StoredCredential = { readonly credential: Credential; readonly secret: StoredSecret };

/** The secret of a credential to make or change; "token" generates one. */
export type NewSecret =
  | Extract<StoredSecret, { kind: "certificate" | "scram" }>
  | { readonly kind: "token" }
  | { readonly kind: "password"; readonly password: string };

export type CredentialFields = Pick<
  Credential,
  "username" | "name" | "rules" | "maximumClients" | "isEnabled" | "expiresAtMs"
>;

/** Plain data, since an error thrown between objects loses its kind. `token` is shown only this once. */
export type CredentialResult =
  | { readonly ok: true; readonly credential: Credential; readonly token: string | undefined }
  | {
      readonly ok: false;
      readonly code: "username-taken" | "certificate-taken" | "not-found";
      readonly message: string;
    };

/** What a login with it is worth. */
export function grantOf({ credential, secret }: StoredCredential): Grant {
  const { username, rules, expiresAtMs: endsAtMs } = credential;
  const secretId = toBase64(sha256(textEncoder.encode(JSON.stringify(secret)))).slice(0, 22);
  return { identity: identityOf(credential), username, rules, endsAtMs, secretId };
}

const identityPrefix = "credential/";

/** Whether an identity is that of a credential, which can be revoked. */
export function isCredential(identity: string): boolean {
  return identity.startsWith(identityPrefix);
}

/** The credential's id from its identity. Another identity is returned unchanged, which is no credential's id. */
export function idOf(identity: string): string {
  return isCredential(identity) ? identity.slice(identityPrefix.length) : identity;
}

/** As `Grant.identity`. */
export function identityOf({ id }: Pick<Credential, "id">): string {
  return `${identityPrefix}${id}`;
}
