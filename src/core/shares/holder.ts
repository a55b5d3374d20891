// Who holds a part of a limit that all clients of a namespace share.

import { anonymousIdentity } from "../access/grant.ts";

/**
 * The holder of what an older version stored or sent without a holder. It has no share of its own: only the limit
 * counts.
 */
export const unknownHolder = "";
/** What is published through the HTTP API. */
export const apiHolder = "api";

const anonymousPrefix = `${anonymousIdentity}/`;

/**
 * An identity holds what all its clients hold together. Anonymous clients differ by their client identifiers.
 * @param identity as `Grant.identity`
 */
export function holderOf(identity: string, clientId: string): string {
  return identity === anonymousIdentity ? anonymousPrefix + clientId : identity;
}

export function isAnonymousHolder(holder: string): boolean {
  return holder.startsWith(anonymousPrefix);
}
