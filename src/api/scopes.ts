// What a token may be used for. ADMIN_TOKEN has every scope, in every namespace.

/** The scopes that an API token can have. */
export const grantableScopes = [
  "publish",
  "clients:read",
  "clients:write",
  "retained:read",
  "retained:write",
  "credentials:read",
  "credentials:write",
  "stats:read",
] as const;

export type GrantableScope = (typeof grantableScopes)[number];

/** An API token that could make API tokens could give itself every scope, so that is left to ADMIN_TOKEN. */
export type Scope = GrantableScope | "tokens:write";
