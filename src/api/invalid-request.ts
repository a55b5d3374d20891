// Says in one line what a request must send instead, and where. Zod's own messages name JavaScript's types.

import { z } from "@hono/zod-openapi";
import { ApiError } from "./errors.ts";

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

// Errors that a schema words itself take precedence.
z.config({ customError: whatToSend });

/** @param target the part of the request, as Hono calls it */
export function invalidRequest([issue]: readonly Issue[], target: string): ApiError {
  const field = issue?.path.join(".") ?? "";
  const part = target === "json" ? "the body" : target === "query" ? "the query" : "the address";
  return new ApiError(400, "invalid-request", `${field === "" ? part : field}: ${issue?.message}`);
}

/** @returns `undefined` for issues that the schemas of this API do not raise, or word themselves */
function whatToSend(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `${issue.input === undefined ? "is missing: " : ""}send ${nameOfType(issue.expected)}`;
    case "invalid_value":
      return `send ${oneOf(issue.values)}`;
    case "invalid_union":
      return `send ${oneOf((issue.options as readonly unknown[] | undefined) ?? literalsOf(issue.errors))}`;
    case "too_small":
      return `send at least ${sizeOf(issue.minimum, issue.origin)}`;
    case "too_big":
      return `send at most ${sizeOf(issue.maximum, issue.origin)}`;
    case "unrecognized_keys":
      return `leave out ${issue.keys.map(quoted).join(", ")}: there is no such field`;
    case "invalid_format":
      return issue.format === "datetime" ? "send a time in UTC, such as 2026-11-23T12:00:00.000Z" : undefined;
  }
  return undefined;
}

function nameOfType(expected: string): string {
  switch (expected) {
    case "object":
      return "a JSON object";
    case "array":
    case "tuple":
      return "a list";
    case "boolean":
      return "true or false";
    case "int":
      return "a whole number";
    default:
      return `a ${expected}`;
  }
}

function sizeOf(size: number | bigint, origin: string): string {
  const unit = { string: "character", array: "item" }[origin];
  if (unit === undefined) return String(size);
  return `${size} ${unit}${Number(size) === 1 ? "" : "s"}`;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map(quoted);
  const last = names.pop();
  return names.length === 0 ? `${last}` : `${names.join(", ")} or ${last}`;
}

/** The values that a union of literals allows. */
function literalsOf(errors: readonly (readonly Issue[])[]): unknown[] {
  return errors.flat().flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
}

const quoted = (value: unknown) => JSON.stringify(value);
