// The text that the page's search looks through: everything that is shown of an operation.

import type { ApiDocument, Operation } from "./document.ts";
import { fieldsOf } from "./fields.ts";

/** In small letters, and without the backticks around code. */
export function searchTextOf(document: ApiDocument, operation: Operation): string {
  const { id, method, path, tag, summary, description, scopes, parameters, body, responses } = operation;
  const schemas = [body, ...responses.filter(({ status }) => isSuccess(status)).map(({ schema }) => schema)];
  const fields = schemas.flatMap((schema) => (schema === undefined ? [] : fieldsOf(document, schema)));
  return [
    id,
    `${method} ${path}`,
    tag,
    summary,
    description,
    ...scopes,
    ...parameters.flatMap((parameter) => [parameter.name, parameter.description ?? ""]),
    ...fields.flatMap((field) => [field.path, field.type, field.description]),
  ]
    .join("\n")
    .replaceAll("`", "")
    .toLowerCase();
}

/** Whether all words are in the text, in any order. */
export function isFound(searchText: string, typed: string): boolean {
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => searchText.includes(word));
}

export function isSuccess(status: string): boolean {
  return status.startsWith("2");
}
