// Credentials for tests, made as the API makes them.

import type { Credential, CredentialFields, NewSecret } from "../../src/core/access/credential.ts";
import { readAccessRules } from "../../src/core/access/read-access-rules.ts";
import type { Broker } from "./broker.ts";
import { unique } from "./connect.ts";

export type Made = {
  readonly credential: Credential;
  /** What CONNECT has to say. */
  readonly login: { readonly username: string; readonly password: Buffer };
};
type Fields = Omit<Partial<CredentialFields>, "rules"> & { rules?: object; namespace?: string };

/** Rules to publish and to subscribe; with what `Conversation.rest` needs. */
export function mayUse(...allow: string[]): object {
  const filters = { allow: [...allow, "fence/%c"] };
  return { publish: filters, subscribe: filters };
}

/** With a generated token, and a username that no other test has. */
export async function makeCredential(
  broker: Broker,
  { namespace, rules = mayUse("#"), ...fields }: Fields = {},
  secret: NewSecret = { kind: "token" },
): Promise<Made> {
  const access = await broker.access(namespace);
  const username = unique("user");
  const usual = { username, name: "of a test", maximumClients: null, isEnabled: true, expiresAtMs: 0 };
  const result = await access.createCredential({ ...usual, ...fields, rules: readAccessRules(rules) }, secret);
  if (!result.ok) throw new Error(result.message);
  const { credential, token = "" } = result;
  return { credential, login: { username: credential.username, password: Buffer.from(token) } };
}
