// JSON Web Tokens for tests, signed with a secret.

import { SignJWT } from "jose";

export const jwtSecret = "a secret of thirty-two bytes, or more";

/** A token that is valid for another minute, unless its claims say otherwise. */
export function jwtOf(claims: Record<string, unknown>, secret: string = jwtSecret): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 60;
  return new SignJWT({ exp, ...claims }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}
