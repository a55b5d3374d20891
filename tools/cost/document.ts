// Renews the figures of docs/COST.md, which are between two marks, for `npm run cost -- --document`.

const begin = "<!-- figures: npm run cost -- --document -->";
const end = "<!-- end of figures -->";

/** @throws {Error} if the document lacks the marks */
export function withFigures(document: string, figures: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the document has no place for figures: ${begin} ... ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${figures}\n${document.slice(to)}`;
}
