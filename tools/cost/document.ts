// docs/COST.md has its figures between two marks, which `npm run cost -- --document` renews.

const begin = "<!-- figures: npm run cost -- --document -->";
const end = "<!-- end of figures -->";

/** @throws {Error} for a document without the marks */
export function withFigures(document: string, figures: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the document has no place for figures: ${begin} ... ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${figures}\n${document.slice(to)}`;
}
