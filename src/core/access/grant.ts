// What a client has after its login: who it is, and what it may do.

import { type AccessRules, noAccess } from "./access-rules.ts";

/** Plain data, fit for JSON: it goes through hibernation, and into the session's record. */
export type Grant = {
  /** The owner of the session: "credential/ID", "jwt/ISSUER/SUBJECT" or "anonymous". */
  readonly identity: string;
  /** What `%u` stands for; empty if there is none, and then `%u` matches nothing. */
  readonly username: string;
  readonly rules: AccessRules;
  /** When the connection has to end, in milliseconds since 1970; 0 for never. */
  readonly endsAtMs: number;
  /** Which secret of the credential was shown; none if there is no credential. */
  readonly secretId?: string;
};

/** The identity of a client without credentials. A client that proves an identity may take over its session. */
export const anonymousIdentity = "anonymous";

/** The grant of a client that nothing is on record about. It may do nothing, and what it left is for whoever proves more. */
export const nobodysGrant: Grant = { identity: anonymousIdentity, username: "", rules: noAccess, endsAtMs: 0 };
