// `npm run scram-user -- NAME`: makes an entry of SCRAM_USERS from a name and a password. The password comes from
// standard input, so that no process list and no shell history has it.

import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { saslPrepared } from "../../src/core/authentication/saslprep.ts";
import { scramEntry, scramIterations } from "../../src/core/authentication/scram-users.ts";
import { mayBeMangled } from "../../src/core/utf8.ts";
import { checkGiven, TextError, textIn } from "../text.ts";
import { verifierOf } from "./verifier.ts";

/** Takes a small board a second or two, which must fit into CONNECT_TIMEOUT_SEC. */
const usualIterations = 15_000;
const saltBytes = 16;

const usage = `One user for the setting SCRAM_USERS; asks for the password

  npm run --silent scram-user -- NAME [flags]

  --iterations ${usualIterations}  how much work a guess at the password takes, and each login of the client;
                      servers and browsers can do 600000, boards cannot
  --help
`;

/** The message is one line that says what to do. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  checkGiven(args, {});
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw new UsageError("Give one name: see --help.");
  const iterations = readIterations(values.iterations);
  const prepared = prepare("name", name);
  const password = prepare("password", process.stdin.isTTY ? await askTwice() : await readAll());
  const verifier = verifierOf(password, randomBytes(saltBytes), iterations);
  process.stdout.write(`${scramEntry(prepared, verifier)}\n`);
}

function parse(args: string[]) {
  try {
    const options = { iterations: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s|\n/);
    throw new UsageError(`${sentence?.replace(/\.$/, "")}: see --help.`);
  }
}

function readIterations(text = String(usualIterations)): number {
  const iterations = Number(text);
  const { least, most } = scramIterations;
  if (!/^\d+$/.test(text) || iterations < least || iterations > most) {
    throw new UsageError(`--iterations is "${text}": give a whole number from ${least} to ${most}.`);
  }
  return iterations;
}

function prepare(what: string, given: string): string {
  const prepared = saslPrepared(given);
  if (prepared === undefined) throw new UsageError(`The ${what} has a character that is not allowed, such as a tab.`);
  if (prepared === "") throw new UsageError(`The ${what} is empty.`);
  return prepared;
}

/** Reads one line; the line break is not part of the password. */
async function readAll(): Promise<string> {
  return textIn(await buffer(process.stdin), "The password").replace(/\r?\n$/, "");
}

async function askTwice(): Promise<string> {
  const password = await ask("Password: ");
  if (mayBeMangled(password)) throw new UsageError("The password has bytes that are not UTF-8: type it as UTF-8.");
  if ((await ask("Again: ")) !== password) throw new UsageError("The two passwords differ.");
  return password;
}

/** Asks without an echo. */
function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    terminal.on("close", () => reject(new UsageError("Nothing was entered.")));
    terminal.question("", (answer) => {
      resolve(answer);
      process.stderr.write("\n");
      terminal.close();
    });
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof UsageError || error instanceof TextError ? error.message : (error as Error).stack}\n`,
  );
  process.exit(1);
});
