// The one shape of all errors.

import { z } from "@hono/zod-openapi";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** For `throw`, anywhere under a request. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param code kebab-case, for programs
   * @param message one line that says what to do, for people
   */
  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const errorSchema = z
  .strictObject({
    error: z.strictObject({
      code: z
        .string()
        .regex(/^[a-z]+(-[a-z]+)*$/)
        .openapi({ description: "for programs", example: "not-found" }),
      message: z.string().openapi({ description: "for people: one line that says what to do" }),
    }),
  })
  .openapi("Error");

export function errorResponse({ status, code, message, headers }: ApiError): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}

export function notFound(what: string): ApiError {
  return new ApiError(404, "not-found", `there is no ${what}`);
}
