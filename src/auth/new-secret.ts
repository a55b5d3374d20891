// Makes the secret of a credential that is made or changed.

import type { NewSecret, StoredSecret } from "../core/access/credential.ts";
import { hashPassword } from "./password.ts";
import { newToken, sha256Hex } from "./token.ts";

export type MadeSecret = {
  readonly stored: StoredSecret;
  /** The token that was generated. It is not stored anywhere. */
  readonly token?: string;
};

export async function makeSecret(secret: NewSecret): Promise<MadeSecret> {
  switch (secret.kind) {
    case "token": {
      const token = newToken();
      return { stored: { kind: "token", sha256: sha256Hex(token) }, token };
    }
    case "password": {
      const passwordHash = await hashPassword(new TextEncoder().encode(secret.password));
      return { stored: { kind: "password", passwordHash } };
    }
    case "certificate":
    case "scram":
      return { stored: secret };
  }
}
