// Finds the numbers in a payload: the payload itself, or numbers inside its JSON, each with its path.

import type { Content } from "./payload.ts";

/** Names and positions from the outside in; empty if the payload is the number. */
export type NumericPath = readonly (string | number)[];

/** At most this many are shown, because a list of hundreds helps nobody. */
export const maximumPaths = 50;
const maximumDepth = 8;

export function numericPathsOf(content: Content): NumericPath[] {
  if (content.kind === "number") return [[]];
  if (content.kind !== "json") return [];
  const paths: NumericPath[] = [];
  collect(content.value, [], paths);
  return paths;
}

function collect(value: unknown, path: NumericPath, paths: NumericPath[]): void {
  if (paths.length >= maximumPaths || path.length > maximumDepth) return;
  if (typeof value === "number") paths.push(path);
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) collect(item, [...path, index], paths);
  else if (typeof value === "object" && value !== null)
    for (const [name, item] of Object.entries(value)) collect(item, [...path, name], paths);
}

export function numberAt(content: Content, path: NumericPath): number | undefined {
  if (content.kind === "number") return path.length === 0 ? content.value : undefined;
  if (content.kind !== "json") return undefined;
  let value: unknown = content.value;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return typeof value === "number" ? value : undefined;
}

/** The path as text: `sensors[0].temperature`. */
export function pathText(path: NumericPath): string {
  if (path.length === 0) return "value";
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
}
