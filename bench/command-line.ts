// The flags of `npm run bench`.

import { parseArgs } from "node:util";

export const usage = `The same work on this broker, on others and on the platform's floor, alternating.

  npm run bench -- [flags]

  --quick             everything in about a minute: one short round
  --work NAME,NAME    only these; a part of a name will do
  --targets NAME,NAME only these
  --rounds 5
  --seconds 3         that a round measures, after one that does not count
  --json              the figures of every round, instead of tables
  --help
`;

/** A flag is wrong. The message is one line that says what to do. */
export class UsageError extends Error {}

export type Command = {
  readonly works: readonly string[];
  readonly targets: readonly string[];
  readonly isQuick: boolean;
  readonly isJson: boolean;
  /** `undefined` leaves the choice to the work. */
  readonly rounds: number | undefined;
  readonly seconds: number;
};

type Names = { readonly works: readonly string[]; readonly targets: readonly string[] };

/** @throws {UsageError} for an unknown flag or a bad value */
export function readCommand(args: readonly string[], known: Names): Command | "help" {
  const values = parseFlags(args);
  if (values.help) return "help";
  const isQuick = values.quick ?? false;
  return {
    works: chosen("--work", values.work, known.works, (name, part) => name.includes(part)),
    targets: chosen("--targets", values.targets, known.targets, (name, part) => name === part),
    isQuick,
    isJson: values.json ?? false,
    rounds: values.rounds === undefined ? undefined : readNumber("--rounds", values.rounds, 1, 100),
    seconds: readNumber("--seconds", values.seconds ?? (isQuick ? "0.25" : "3"), 0.1, 600),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        work: { type: "string" },
        targets: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // The first sentence of Node's text names the flag; the rest is about positional arguments.
    const [sentence] = (error as Error).message.split(/\.\s|\n/);
    throw new UsageError(`${sentence?.replace(/\.$/, "")}: see npm run bench -- --help.`);
  }
}

function chosen(
  flag: string,
  text: string | undefined,
  names: readonly string[],
  matches: (name: string, part: string) => boolean,
): readonly string[] {
  if (text === undefined) return names;
  const parts = text.split(",");
  const unknown = parts.find((part) => part === "" || !names.some((name) => matches(name, part)));
  if (unknown !== undefined) throw new UsageError(`${flag}: there is no "${unknown}", only ${names.join(", ")}.`);
  return names.filter((name) => parts.some((part) => matches(name, part)));
}

function readNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  const isWhole = least < 1 || Number.isInteger(value);
  if (text.trim() === "" || !isWhole || !(value >= least && value <= most)) {
    throw new UsageError(`${flag} is "${text}": give a number from ${least} to ${most}.`);
  }
  return value;
}
