// The client's side of SCRAM-SHA-256, RFC 5802, with a hand on each message: tests spoil them.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { scramEntry } from "../../src/core/authentication/scram-users.ts";
import { verifierOf } from "../../tools/scram-user/verifier.ts";

export const scramMethod = "SCRAM-SHA-256";

/** An entry of SCRAM_USERS. */
export function scramUser(name: string, password: string, iterations = 4096): string {
  return scramEntry(name, verifierOf(password, randomBytes(16), iterations));
}

export class ScramClient {
  readonly #password: string;
  readonly #header: string;
  readonly #firstBare: string;
  #serverSignature = "";

  constructor(
    name: string,
    password: string,
    { nonce = randomBytes(18).toString("base64"), header = "n,," }: { nonce?: string; header?: string } = {},
  ) {
    this.#password = password;
    this.#header = header;
    this.#firstBare = `n=${name.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  }

  /** client-first-message */
  first(): Buffer {
    return Buffer.from(this.#header + this.#firstBare);
  }

  /**
   * client-final-message
   * @param withoutProof in place of its part before the proof, which is then made for that
   * @param ownSalt in place of the server's, in base64
   */
  final(serverFirst: Uint8Array | undefined, withoutProof?: string, ownSalt?: string): Buffer {
    const message = Buffer.from(serverFirst ?? []).toString();
    const [, nonce, salt = "", iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(message) ?? [];
    if (nonce === undefined) throw new Error(`no server-first-message: ${message}`);
    const saltedPassword = pbkdf2Sync(
      this.#password,
      Buffer.from(ownSalt ?? salt, "base64"),
      Number(iterations),
      32,
      "sha256",
    );
    const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
    const clientKey = hmac(saltedPassword, "Client Key");
    const unproved = withoutProof ?? `c=${Buffer.from(this.#header).toString("base64")},r=${nonce}`;
    const authMessage = `${this.#firstBare},${message},${unproved}`;
    const clientSignature = hmac(createHash("sha256").update(clientKey).digest(), authMessage);
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    this.#serverSignature = hmac(hmac(saltedPassword, "Server Key"), authMessage).toString("base64");
    return Buffer.from(`${unproved},p=${Buffer.from(proof).toString("base64")}`);
  }

  /** The server-final-message that proves that the server knows the password. */
  get serverFinal(): Buffer {
    return Buffer.from(`v=${this.#serverSignature}`);
  }
}
