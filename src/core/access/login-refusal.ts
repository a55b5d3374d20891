// Why a client was last refused that named a credential: for whoever runs the broker, as the client does not learn it.

export const refusalReasons = [
  /** The token, password, certificate or proof is missing or wrong. */
  "wrong-secret",
  "disabled",
  "expired",
  /** The rules do not allow this client identifier. */
  "client-identifier",
  /** Another identity has a session with this client identifier. */
  "session-of-another",
  /** The credential has all the clients that it may have. */
  "maximum-clients",
  /** Too many logins have failed, so this one was not judged. */
  "too-many-logins",
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Plain data. */
export type Refusal = {
  readonly reason: RefusalReason;
  /** Milliseconds since 1970. */
  readonly atMs: number;
};
