// A schema as the lines of a table: one for each field, including the fields inside objects and lists.

import { type ApiDocument, nameOf, resolved, type Schema } from "./document.ts";

export type Field = {
  /** The path of the field: `rules.publish.allow`, `items[].clientId`. Empty for a value that is not an object. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  /** Its bounds and default: "1 to 1,000", "default: 100". */
  readonly rules: readonly string[];
};

/** Deeper fields are not listed. */
const maximumDepth = 6;

export function fieldsOf(document: ApiDocument, schema: Schema): Field[] {
  const fields: Field[] = [];
  const { isObject } = add(document, schema, "", fields, []);
  if (!isObject && fields.length === 0) fields.push(fieldOf(document, "", schema, true));
  return fields;
}

/** @param inside the references that lead here: a schema may contain itself */
function add(document: ApiDocument, schema: Schema, prefix: string, fields: Field[], inside: readonly string[]) {
  const names = [schema.$ref ?? [], schema.items?.$ref ?? []].flat();
  if (inside.length >= maximumDepth || names.some((name) => inside.includes(name))) return { isObject: true };
  const within = [...inside, ...(names.length === 0 ? [""] : names)];
  const whole = resolved(document, schema);
  if (whole.items !== undefined) return add(document, whole.items, `${prefix}[]`, fields, within);
  for (const choice of whole.oneOf ?? whole.anyOf ?? []) {
    const { description = "" } = resolved(document, choice);
    if (description !== "") fields.push({ path: prefix, type: "either", isRequired: false, description, rules: [] });
    add(document, choice, prefix, fields, within);
  }
  for (const [name, property] of Object.entries(whole.properties ?? {})) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    fields.push(fieldOf(document, path, property, whole.required?.includes(name) ?? false));
    add(document, property, path, fields, within);
  }
  return { isObject: whole.properties !== undefined };
}

export function fieldOf(document: ApiDocument, path: string, schema: Schema, isRequired: boolean): Field {
  const { description = "" } = resolved(document, schema);
  return { path, type: typeText(document, schema), isRequired, description, rules: rulesOf(document, schema) };
}

function typeText(document: ApiDocument, schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  const whole = resolved(document, schema);
  const choices = whole.oneOf ?? whole.anyOf;
  if (choices !== undefined) return [...new Set(choices.map((choice) => typeText(document, choice)))].join(" or ");
  if (whole.enum !== undefined) return whole.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (whole.prefixItems !== undefined)
    return `[${whole.prefixItems.map((item) => typeText(document, item)).join(", ")}]`;
  if (whole.items !== undefined) return `list of ${typeText(document, whole.items)}`;
  const types = [whole.type ?? "any value"].flat();
  return types.map((type) => (type === "string" && whole.format === "date-time" ? "time" : type)).join(" or ");
}

function rulesOf(document: ApiDocument, schema: Schema): string[] {
  const whole = resolved(document, schema);
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = whole;
  return [
    rangeText(minimum, maximum, () => ""),
    rangeText(minLength, maxLength, (count) => (count === 1 ? " character" : " characters")),
    rangeText(minItems, maxItems, (count) => (count === 1 ? " item" : " items")),
    pattern === undefined ? "" : `as ${pattern}`,
    whole.default === undefined ? "" : `default: ${JSON.stringify(whole.default)}`,
    whole.example === undefined ? "" : `example: ${JSON.stringify(whole.example)}`,
  ].filter((rule) => rule !== "");
}

function rangeText(least: number | undefined, most: number | undefined, unitOf: (count: number) => string): string {
  const text = (value: number) => new Intl.NumberFormat("en").format(value);
  if (least !== undefined && most !== undefined) return `${text(least)} to ${text(most)}${unitOf(most)}`;
  if (least !== undefined) return least === 0 ? "" : `at least ${text(least)}${unitOf(least)}`;
  return most === undefined ? "" : `at most ${text(most)}${unitOf(most)}`;
}
