// Turns what was thrown during a request into the error to answer. An unexpected error is logged, but without its message,
// which may quote the request.

import { HTTPException } from "hono/http-exception";
import { logError } from "../platform/log.ts";
import { storageFailureOf } from "../platform/storage-failure.ts";
import { ApiError } from "./errors.ts";

/** @param operation for the log; it has no names or values from the request */
export function errorOf(error: unknown, operation: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new ApiError(400, "invalid-json", "the body is not JSON: send a JSON object");
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new ApiError(415, "not-json", "send the body as JSON, with Content-Type: application/json");
  }
  // It has been logged already, with the object's name.
  if (storageFailureOf(error) !== undefined) {
    return new ApiError(503, "unavailable", "a part of the broker cannot be used: its log says which, and what to do");
  }
  if (isOfEarlierVersion(error)) {
    const message = "a part of the broker still runs the version before, try again in some minutes";
    return new ApiError(503, "unavailable", message);
  }
  logError("a request to the API failed", { operation, reason: traceOf(error) });
  if (isUnreachable(error)) {
    return new ApiError(503, "unavailable", "a part of the broker cannot be reached, try again later");
  }
  return new ApiError(500, "internal-error", "a bug in the broker: its log says more");
}

/** The kind of the error, and where it was thrown. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, message, stack = "" } = error;
  const messageAt = stack.indexOf(message);
  return messageAt === -1 ? name : name + stack.slice(messageAt + message.length);
}

/** During a deploy the object may still run the previous version, which lacks some methods of this one. */
export function isOfEarlierVersion(error: unknown): boolean {
  return error instanceof TypeError && /does not implement the method/.test(error.message);
}

/** Whether the platform marks the error as one that happened on the way to an object, and not inside it. */
function isUnreachable(error: unknown): boolean {
  const marks = error as { retryable?: boolean; overloaded?: boolean } | null | undefined;
  return marks?.retryable === true || marks?.overloaded === true;
}
