// Turns the credential in a request into the terms of core/access.

import type { z } from "@hono/zod-openapi";
import type { AccessRules } from "../core/access/access-rules.ts";
import type { CredentialFields, NewSecret } from "../core/access/credential.ts";
import { AccessRulesError, readAccessRules } from "../core/access/read-access-rules.ts";
import type { changedCredential, newCredential } from "./credential-schemas.ts";
import { ApiError } from "./errors.ts";

type New = z.infer<typeof newCredential>;
type Changes = Omit<z.infer<typeof changedCredential>, "secret">;

/** @throws {ApiError} if the rules are not valid */
export function fieldsOf({ username, name, rules, maximumClients, enabled, expiresAt }: New): CredentialFields {
  return {
    username,
    name,
    rules: rulesOf(rules),
    maximumClients,
    isEnabled: enabled,
    expiresAtMs: atMsOf(expiresAt),
  };
}

/** @throws {ApiError} if the rules are not valid */
export function changesOf(changes: Changes): Partial<CredentialFields> {
  const { username, name, rules, maximumClients, enabled, expiresAt } = changes;
  return {
    ...(username === undefined ? {} : { username }),
    ...(name === undefined ? {} : { name }),
    ...(rules === undefined ? {} : { rules: rulesOf(rules) }),
    ...(maximumClients === undefined ? {} : { maximumClients }),
    ...(enabled === undefined ? {} : { isEnabled: enabled }),
    ...(expiresAt === undefined ? {} : { expiresAtMs: atMsOf(expiresAt) }),
  };
}

export function secretOf(secret: New["secret"]): NewSecret {
  if (secret.kind !== "certificate") return secret;
  return { kind: "certificate", sha256: secret.sha256.replaceAll(":", "").toLowerCase() };
}

function rulesOf(rules: New["rules"]): AccessRules {
  try {
    return readAccessRules(rules);
  } catch (error) {
    if (!(error instanceof AccessRulesError)) throw error;
    throw new ApiError(400, "invalid-rules", `rules: ${error.message}`);
  }
}

function atMsOf(time: string | null): number {
  return time === null ? 0 : Date.parse(time);
}
