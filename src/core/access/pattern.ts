// Patterns of client identifiers: `*` stands for any characters, also none.

/** Text with `*` in it, or text that is as it is. */
export type PatternPart = string | { readonly text: string };

/** Whether the whole text is as the pattern says. Takes no longer than the two are long together, times stars. */
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
