import { describe, expect, it } from "vitest";
import { readCommand, UsageError } from "../../bench/command-line.ts";

const known = { works: ["pairs-qos0", "pairs-qos1", "idle"], targets: ["ours", "ours-relayed", "aedes"] };
const read = (...args: readonly string[]) => readCommand(args, known);

describe("npm run bench", () => {
  it("does everything, unless it is told what", () => {
    expect(read()).toEqual({ ...known, isQuick: false, isJson: false, rounds: undefined, seconds: 3 });
    expect(read("--work", "pairs,idle", "--targets", "ours", "--rounds", "2")).toMatchObject({
      works: known.works,
      targets: ["ours"],
      rounds: 2,
    });
    expect(read("--work", "qos1")).toMatchObject({ works: ["pairs-qos1"] });
    expect(read("--quick")).toMatchObject({ isQuick: true, seconds: 0.25 });
  });

  it.each([
    [["--work", "nothing"], "--work: there is no"],
    [["--targets", "relayed"], "--targets: there is no"],
    [["--rounds", "1.5"], "--rounds is"],
    [["--rounds", "0"], "--rounds is"],
    [["--seconds", "soon"], "--seconds is"],
    [["--fast"], "Unknown option '--fast'"],
  ])("says in one line what is wrong with %j", (args, start) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(new RegExp(`^${start}[^\\n]*$`));
  });
});
