// Splits valid JSON into tokens, laid out over lines. The tokens are pieces of the text itself, because parsing and
// printing it would round long numbers and lose repeated names.

export type JsonToken = {
  readonly kind: "name" | "string" | "number" | "word" | "sign" | "space";
  readonly text: string;
};

const piece = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

export function jsonTokens(json: string): JsonToken[] {
  const tokens: JsonToken[] = [];
  const pieces = json.match(piece) ?? [];
  let depth = 0;
  const newLine = () => tokens.push({ kind: "space", text: `\n${"  ".repeat(depth)}` });
  pieces.forEach((text, index) => {
    const isEmptyPair = (text === "]" || text === "}") && (pieces[index - 1] === "[" || pieces[index - 1] === "{");
    if (text === "]" || text === "}") {
      depth--;
      if (!isEmptyPair) newLine();
    }
    tokens.push({ kind: kindOf(text, pieces[index + 1]), text });
    const next = pieces[index + 1];
    if (text === "[" || text === "{") {
      depth++;
      if (next !== "]" && next !== "}") newLine();
    } else if (text === ",") newLine();
    else if (text === ":") tokens.push({ kind: "space", text: " " });
  });
  return tokens;
}

function kindOf(text: string, next: string | undefined): JsonToken["kind"] {
  if (text.startsWith('"')) return next === ":" ? "name" : "string";
  if (/^[{}[\],:]$/.test(text)) return "sign";
  return /^[tfn]/.test(text) ? "word" : "number";
}
