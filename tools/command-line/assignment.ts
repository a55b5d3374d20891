// `--set NAME=VALUE`: a setting of the broker.

import { retiredSettings, settingNames } from "../../src/settings.ts";
import { UsageError } from "./usage-error.ts";

/** Whoever has one can be anybody, or guess who is, and a list of processes has what is on a command line. */
export const secretNames: readonly string[] = ["ADMIN_TOKEN", "JWT_SECRET", "SCRAM_USERS"];

/** As Commander collects what is given several times. */
export function withAssignment(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const match = /^(?<name>[A-Za-z_]\w*)=(?<value>.*)$/s.exec(text);
  const { name, value } = match?.groups ?? {};
  if (name === undefined || value === undefined) throw new UsageError(`--set is "${text}": give NAME=VALUE.`);
  if (secretNames.includes(name)) {
    throw new UsageError(
      `--set ${name} shows it to everybody here: put it into the environment or .dev.vars, deployed with wrangler secret put.`,
    );
  }
  const retired = retiredSettings[name];
  if (retired !== undefined) {
    console.error(`--set ${name} counts for nothing any more, leave it out: ${retired}.`);
    return { ...before };
  }
  if (!settingNames.includes(name)) throw new UsageError(`--set: there is no setting ${name}, see docs/SETTINGS.md.`);
  return { ...before, [name]: value };
}
