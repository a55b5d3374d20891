import { expect, it, vi } from "vitest";
import { withAssignment } from "../../tools/command-line/assignment.ts";

it("--set of a setting that is no more goes on as without it, and says so", () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(withAssignment("MAXIMUM_FILTERS_PER_SUBSCRIBE=500", { A: "1" })).toEqual({ A: "1" });
  expect(String(said.mock.calls)).toMatch(/^--set MAXIMUM_FILTERS_PER_SUBSCRIBE no longer does anything, leave it out/);
  said.mockRestore();
  expect(() => withAssignment("NEVER_WAS=1")).toThrow("there is no setting NEVER_WAS");
});
