// A command that calls an operation from a shell of Linux or macOS. The token is in the variable ADMIN_TOKEN.

import { type ApiDocument, type Operation, type Parameter, resolved, type Schema } from "./document.ts";

/**
 * @param base the API's address, without a slash at its end
 * @returns one line. A part of the address without an example is in capitals, such as `ID`: the reader must replace it
 */
export function curlLine(document: ApiDocument, operation: Operation, base: string): string {
  const parts = ["curl"];
  if (operation.method !== (operation.body === undefined ? "GET" : "POST")) parts.push("-X", operation.method);
  parts.push(quoted(addressOf(operation, base)));
  if (operation.scopes.length > 0) parts.push("-H", '"Authorization: Bearer $ADMIN_TOKEN"');
  if (operation.body !== undefined) {
    parts.push("-H", "'Content-Type: application/json'");
    parts.push("-d", quoted(JSON.stringify(exampleOf(document, operation.body))));
  }
  return parts.join(" ");
}

function addressOf({ path, parameters }: Operation, base: string): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === "path" && one.name === name);
    return exampleText(parameter) ?? name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
  });
  const query = parameters
    .filter((parameter) => parameter.in === "query" && parameter.required === true)
    .map((parameter) => `${parameter.name}=${exampleText(parameter) ?? parameter.name.toUpperCase()}`);
  return `${base}${filled}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

function exampleText(parameter: Parameter | undefined): string | undefined {
  const example = parameter?.schema?.example;
  return example === undefined ? undefined : encodeURIComponent(String(example));
}

/** The required fields, with the document's examples. If no field is required, the first one that has an example. */
export function exampleOf(document: ApiDocument, schema: Schema): unknown {
  const whole = resolved(document, schema);
  if (whole.example !== undefined) return whole.example;
  if (whole.default !== undefined && whole.default !== null) return whole.default;
  const [choice] = whole.oneOf ?? whole.anyOf ?? [];
  if (choice !== undefined) return exampleOf(document, choice);
  if (whole.enum !== undefined) return whole.enum[0];
  if (whole.properties !== undefined) {
    const all = Object.entries(whole.properties);
    const required = all.filter(([name]) => whole.required?.includes(name));
    const first = all.filter(([, property]) => resolved(document, property).example !== undefined).slice(0, 1);
    const shown = required.length > 0 ? required : first;
    return Object.fromEntries(shown.map(([name, property]) => [name, exampleOf(document, property)]));
  }
  if (whole.items !== undefined) return [exampleOf(document, whole.items)];
  const [type] = [whole.type ?? "string"].flat();
  if (type === "boolean") return true;
  return type === "integer" || type === "number" ? (whole.minimum ?? 0) : "text";
}

/** Quotes a text for a shell. */
function quoted(text: string): string {
  return /^[\w:/.%?=&-]+$/.test(text) && !/[?&]/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
