// Access rules as they come from outside: from the API, a JWT, a setting. What is left out allows nothing.

import type { QoS } from "../message/message.ts";
import { parseTopicFilter } from "../topic/topic-filter.ts";
import type { AccessRules, FilterRules } from "./access-rules.ts";

/** The message is one line that says which field and what it takes. */
export class AccessRulesError extends Error {}

const maximumFilters = 100;
const maximumCharacters = 8_000;
const fields = ["publish", "subscribe", "maximumQos", "retain", "clientIds"];

/**
 * @param value as it comes from JSON: an object with any of the fields of `AccessRules`. Without `publish` or `subscribe`
 * nothing of that kind is allowed; any other field has its widest value if it is left out
 * @throws {AccessRulesError}
 */
export function readAccessRules(value: unknown): AccessRules {
  const given = objectIn(value, "the rules", fields);
  if (JSON.stringify(given).length > maximumCharacters) {
    throw new AccessRulesError(`the rules have more than ${maximumCharacters} characters`);
  }
  const { maximumQos = 2, retain = true } = given;
  if (maximumQos !== 0 && maximumQos !== 1 && maximumQos !== 2) {
    throw new AccessRulesError("maximumQos takes 0, 1 or 2");
  }
  if (typeof retain !== "boolean") throw new AccessRulesError("retain takes true or false");
  return {
    publish: filterRulesIn(given.publish, "publish"),
    subscribe: filterRulesIn(given.subscribe, "subscribe"),
    maximumQos: maximumQos as QoS,
    retain,
    clientIds: textsIn(given.clientIds, "clientIds"),
  };
}

function filterRulesIn(value: unknown, field: string): FilterRules {
  const given = value === undefined ? {} : objectIn(value, field, ["allow", "deny"]);
  return { allow: filtersIn(given.allow, `${field}.allow`), deny: filtersIn(given.deny, `${field}.deny`) };
}

function filtersIn(value: unknown, field: string): string[] {
  const filters = textsIn(value, field);
  for (const filter of filters) {
    const parsed = parseTopicFilter(filter);
    if (parsed === undefined) throw new AccessRulesError(`${field}: ${JSON.stringify(filter)} is not a topic filter`);
    if (parsed.shareName !== undefined) {
      const why = "is of a shared subscription, which is judged by the filter inside: give that";
      throw new AccessRulesError(`${field}: ${JSON.stringify(filter)} ${why}`);
    }
  }
  return filters;
}

function textsIn(value: unknown, field: string): string[] {
  const isList = Array.isArray(value) && value.every((text) => typeof text === "string");
  if (value !== undefined && !isList) throw new AccessRulesError(`${field} takes a list of texts`);
  const texts = (value ?? []) as string[];
  if (texts.length > maximumFilters) throw new AccessRulesError(`${field} takes at most ${maximumFilters} texts`);
  return texts;
}

function objectIn(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  const takes = `an object with ${known.join(", ")}`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AccessRulesError(`${what} takes ${takes}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new AccessRulesError(`${what} has no field ${JSON.stringify(unknown)}: give ${takes}`);
  return value as Record<string, unknown>;
}
