// Text that people hand to a tool: in a file, on standard input, on the command line, in the environment. What is not UTF-8
// is refused in one line: decoded all the same it would be another text.

import { mayBeMangled, textOfUtf8 } from "../src/core/utf8.ts";

/** What was given is no text; the message is one line that says what to do. */
export class TextError extends Error {}

/**
 * A file's or a stream's text, without the mark (U+FEFF) that some editors put before it.
 * @param what for the message: "--cafile: /tmp/ca.pem"
 * @throws {TextError}
 */
export function textIn(bytes: Uint8Array, what: string): string {
  const text = textOfUtf8(bytes);
  if (text === undefined) throw new TextError(`${what} is not UTF-8 text: give it as that.`);
  return text.replace(/^\uFEFF/, "");
}

/**
 * Node.js has decoded both, and leaves U+FFFD where bytes were no UTF-8.
 * @param variables those that are used, by name
 * @throws {TextError}
 */
export function checkGiven(args: readonly string[], variables: Readonly<Record<string, string | undefined>>): void {
  const index = args.findIndex(mayBeMangled);
  // Without the argument itself: it may be a password.
  if (index >= 0)
    throw new TextError(`Argument ${index + 1} has bytes that are no UTF-8, or U+FFFD: give it as UTF-8.`);
  const name = Object.keys(variables).find((each) => mayBeMangled(variables[each] ?? ""));
  if (name !== undefined)
    throw new TextError(`${name} in the environment has bytes that are no UTF-8: give it as UTF-8.`);
}
