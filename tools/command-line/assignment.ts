// `--set NAME=VALUE`: one setting of the broker.

import { retiredSettings, settingNames } from "../../src/settings/settings.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Whoever has one of these can log in as anybody, or guess passwords. Every user of a machine can list command lines.
 */
export const secretNames: readonly string[] = ["ADMIN_TOKEN", "JWT_SECRET", "SCRAM_USERS"];

/** Commander calls it once for each time the flag is given. */
export function withAssignment(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const match = /^(?<name>[A-Za-z_]\w*)=(?<value>.*)$/s.exec(text);
  const { name, value } = match?.groups ?? {};
  if (name === undefined || value === undefined) throw new UsageError(`--set is "${text}": give NAME=VALUE.`);
  if (secretNames.includes(name)) {
    throw new UsageError(
      `--set ${name} would show the secret to other users of this machine: put it into the environment or .dev.vars, or use wrangler secret put for a deployment.`,
    );
  }
  const retired = retiredSettings[name];
  if (retired !== undefined) {
    console.error(`--set ${name} no longer does anything, leave it out: ${retired}.`);
    return { ...before };
  }
  if (!settingNames.includes(name)) throw new UsageError(`--set: there is no setting ${name}, see docs/SETTINGS.md.`);
  return { ...before, [name]: value };
}
