// What nobody expected: the caller learns nothing of it, and the log nothing of the request.

import { afterEach, describe, expect, it, vi } from "vitest";
import { errorOf } from "../../src/api/failures.ts";

describe("an error that nobody expected", () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  afterEach(() => log.mockClear());

  it("is answered 500 without internals, and logged without its message", () => {
    const { status, code, message } = errorOf(new TypeError("secret-0\n    at secret-1"), "POST /publish");
    expect([status, code]).toEqual([500, "internal-error"]);
    expect(message).not.toContain("secret-1");
    const logged = log.mock.calls.flat().join("\n");
    expect(logged).not.toContain("secret-");
    const { operation, reason } = JSON.parse(logged ?? "");
    expect(operation).toBe("POST /publish");
    expect(reason).toMatch(/^TypeError\n\s+at .*failures\.test\.ts/);
  });

  it("is answered 503 where an object cannot be reached", () => {
    for (const mark of [{ retryable: true }, { overloaded: true }]) {
      const { status } = errorOf(Object.assign(new Error("secret-2"), mark), "GET /clients");
      expect(status).toBe(503);
    }
    expect(log.mock.calls.flat().join("\n")).not.toContain("secret-2");
  });

  it.each([undefined, null, "secret-3", { message: "secret-3" }])("may be %j", (thrown) => {
    expect(errorOf(thrown, "GET /clients").status).toBe(500);
    expect(log.mock.calls.flat().join("\n")).not.toContain("secret-3");
  });
});
