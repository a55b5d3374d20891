// One variable of the Worker's environment, read and checked. What each means is in settings.ts and beside it.

import type { AccessRules } from "../core/access/access-rules.ts";
import { AccessRulesError, readAccessRules } from "../core/access/read-access-rules.ts";
import { mayBeMangled } from "../core/utf8.ts";
import type { Range } from "../core/whole-numbers.ts";

/** A variable has a value that the broker cannot use. The message names the variable and the values it takes. */
export class SettingsError extends Error {}

/** The Worker's environment; bindings in it are passed over. */
export type Variables = Readonly<Record<string, unknown>>;

/**
 * The variable as text: TOML also has numbers. An empty text counts as not set.
 * @throws {SettingsError} if it has bytes that are not UTF-8
 */
export function textOf(variables: Variables, name: string): string | undefined {
  const value = variables[name];
  if (value === undefined || value === "") return undefined;
  const text = String(value);
  // Whatever read the file or the environment has replaced such bytes with U+FFFD.
  if (mayBeMangled(text)) throw new SettingsError(`${name} has bytes that are not UTF-8, or U+FFFD: give it as UTF-8`);
  return text;
}

export function wholeNumber(variables: Variables, name: string, [initial, least, most]: Range): number {
  const text = textOf(variables, name);
  if (text === undefined) return initial;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new SettingsError(`${name} is ${JSON.stringify(text)}: give a whole number from ${least} to ${most}`);
  }
  return value;
}

export function oneOf(variables: Variables, name: string, words: readonly string[]) {
  return word(variables, name, new RegExp(`^(${words.join("|")})$`), `one of ${words.join(", ")}`);
}

export function word(variables: Variables, name: string, pattern: RegExp, takes: string) {
  const text = textOf(variables, name);
  if (text !== undefined && !pattern.test(text)) {
    throw new SettingsError(`${name} is ${JSON.stringify(text)}: give ${takes}`);
  }
  return text;
}

export function rulesIn(variables: Variables, name: string): AccessRules | undefined {
  const text = textOf(variables, name);
  if (text === undefined) return undefined;
  try {
    return readAccessRules(JSON.parse(text));
  } catch (error) {
    const why = error instanceof AccessRulesError ? error.message : "give the rules as JSON";
    throw new SettingsError(`${name}: ${why}`);
  }
}
