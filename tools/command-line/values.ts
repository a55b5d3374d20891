// Parsers for the values of flags. They refuse a wrong value in one line.

import { readFileSync } from "node:fs";
import { textIn } from "../text.ts";
import { UsageError } from "./usage-error.ts";

/** A parser for a flag, in the form that Commander takes. */
export function portOf(flag: string): (text: string) => number {
  return wholeNumberOf(flag, "a port", 0, 65_535);
}

/** @param what "a port" */
export function wholeNumberOf(flag: string, what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new UsageError(`${flag} is "${text}": give ${what} from ${least} to ${most}.`);
  };
}

export function textOf(flag: string, what: string): (text: string) => string {
  return (text) => {
    if (text !== "") return text;
    throw new UsageError(`${flag} is empty: give ${what}.`);
  };
}

/** @throws {UsageError} */
export function bytesOf(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${flag}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** The text of a file. */
export function fileOf(flag: string): (file: string) => string {
  return (file) => {
    return textIn(bytesOf(flag, file), `${flag}: ${file}`);
  };
}
