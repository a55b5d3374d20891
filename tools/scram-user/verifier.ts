// Derives what the broker keeps from a password. RFC 5802 section 3. The broker never does this, because it is slow on
// purpose.

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { ScramVerifier } from "../../src/core/authentication/scram-users.ts";

/** @param password prepared with SASLprep */
export function verifierOf(password: string, salt: Uint8Array, iterations: number): ScramVerifier {
  const saltedPassword = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", saltedPassword).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest();
  return { iterations, salt, storedKey, serverKey: hmac("Server Key") };
}
