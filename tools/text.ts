// Reads text that people pass to a tool: in a file, on standard input, on the command line, in the environment.
// Anything but UTF-8 is refused in one line, because a lenient decoder would turn it into another text.

import { mayBeMangled, textOfUtf8 } from "../src/core/utf8.ts";

/** The input is not text. The message is one line that says what to do. */
export class TextError extends Error {}

/**
 * The text of a file or a stream, without the byte order mark that some editors put before it.
 * @param what names the input in the error: "--cafile: /tmp/ca.pem"
 * @throws {TextError}
 */
export function textIn(bytes: Uint8Array, what: string): string {
  const text = textOfUtf8(bytes);
  if (text === undefined) throw new TextError(`${what} is not UTF-8 text: convert it to UTF-8.`);
  return text.replace(/^\uFEFF/, "");
}

/**
 * Checks the command line and the environment. Node.js has decoded both, and puts U+FFFD where bytes are not UTF-8.
 * @param variables the environment variables that are used, by name
 * @throws {TextError}
 */
export function checkGiven(args: readonly string[], variables: Readonly<Record<string, string | undefined>>): void {
  const index = args.findIndex(mayBeMangled);
  // The error does not quote the argument: it may be a password.
  if (index >= 0)
    throw new TextError(`Argument ${index + 1} has bytes that are not UTF-8, or U+FFFD: give it as UTF-8.`);
  const name = Object.keys(variables).find((each) => mayBeMangled(variables[each] ?? ""));
  if (name !== undefined)
    throw new TextError(`${name} in the environment has bytes that are not UTF-8: give it as UTF-8.`);
}
