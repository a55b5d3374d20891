// Patterns of client identifiers: `*` stands for any characters, or none.

/** Text that may contain `*`. */
export type PatternPart = string | { readonly text: string };

/** Whether the whole text matches the pattern. The time grows with the lengths of both, times the number of stars. */
export function matchesPattern(pattern: readonly PatternPart[], text: string): boolean {
  const pieces = piecesOf(pattern);
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return text === first;
  const last = pieces[pieces.length - 1] ?? "";
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** The literal texts between the stars. */
function piecesOf(pattern: readonly PatternPart[]): string[] {
  const pieces = [""];
  for (const part of pattern) {
    const [start = "", ...rest] = typeof part === "string" ? part.split("*") : [part.text];
    pieces[pieces.length - 1] += start;
    pieces.push(...rest);
  }
  return pieces;
}
