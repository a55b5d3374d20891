// After a bug an object starts again, and the log says which one, and why.

import { afterEach, expect, it, vi } from "vitest";
import { RestartOnBug } from "../../src/platform/restart-on-bug.ts";

const abort = vi.fn();
const write = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => vi.clearAllMocks());

const line = { event: "a session restarts", fields: { namespace: "n", clientId: "c" } };
const fail = () => {
  throw new Error("why");
};

it("what goes well is passed through, and nothing restarts", async () => {
  const bugs = new RestartOnBug({ abort }, line);
  expect(bugs.guard(() => 1)).toBe(1);
  await bugs.guardAlarm(async () => {});
  expect([abort.mock.calls, write.mock.calls]).toEqual([[], []]);
});

it("what fails is logged once, restarts the object, and fails for whoever called it", async () => {
  const bugs = new RestartOnBug({ abort }, line);
  expect(() => bugs.guard(fail)).toThrow("why");
  expect(abort.mock.calls).toEqual([["Error: why"]]);
  expect(JSON.parse(String(write.mock.calls[0]?.[0]))).toMatchObject({ event: "a session restarts", clientId: "c" });
  await expect(bugs.guardAlarm(async () => fail())).rejects.toThrow("why");
  expect([abort.mock.calls.length, write.mock.calls.length]).toEqual([2, 2]);
});

it("without a line for the log the object restarts silently", () => {
  expect(() => new RestartOnBug({ abort }).guard(fail)).toThrow("why");
  expect([abort.mock.calls.length, write.mock.calls.length]).toEqual([1, 0]);
});
