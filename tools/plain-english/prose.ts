// The English of a file: its comments, the texts in its code, its test titles, the paragraphs of a document.

import ts from "typescript";

/** A piece of English that is read at once: a comment, a text in quotes, a paragraph or a cell of a document. */
export type Prose = {
  readonly kind: "comment" | "text" | "paragraph" | "cell";
  /** Its first line in the file, from 1. */
  readonly line: number;
  /** As many lines as in the file, without comment marks. Code and addresses are the one word `x`. */
  readonly text: string;
};

/** @param file its name decides how it is read; a file of an unknown kind has no prose */
export function proseOf(file: string, source: string): Prose[] {
  const extension = file.slice(file.lastIndexOf(".") + 1);
  if (/^(ts|tsx|js|mjs)$/.test(extension)) return proseOfScript(file, source);
  if (extension === "md") return proseOfMarkdown(source);
  if (/^(css|ino|h|c|cpp)$/.test(extension)) return proseOfComments(commentLines(source, slashes));
  if (/^(py|sh|toml|ya?ml)$/.test(extension) || source.startsWith("#!"))
    return proseOfComments(commentLines(source, hashes));
  return [];
}

function proseOfScript(file: string, source: string): Prose[] {
  const tree = ts.createSourceFile(file, source, {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  });
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const texts: Prose[] = [];
  const literals: ts.Node[] = [];

  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined && isEnglish(text)) {
      const lines = text.split("\n").map((line) => (isDrawn(line) ? "" : line));
      texts.push({ kind: "text", line: lineAt(node.getStart(tree)), text: withoutCode(lines.join("\n")) });
    }
    if (isLiteral(node)) literals.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [
    ...proseOfComments(commentsOutside(literals, source, tree).flatMap((comment) => linesOf(comment, source, lineAt))),
    ...texts,
  ];
}

const isLiteral = (node: ts.Node) =>
  ts.isLiteralExpression(node) ||
  ts.isTemplateMiddleOrTemplateTail(node) ||
  ts.isTemplateHead(node) ||
  ts.isJsxText(node);

type Range = { readonly start: number; readonly end: number };

/** @param literals in the order of the source; two slashes inside one begin no comment */
function commentsOutside(literals: readonly ts.Node[], source: string, tree: ts.SourceFile): Range[] {
  const comments: Range[] = [];
  const mark = /\/\/.*|\/\*[\s\S]*?\*\//g;
  let next = 0;
  for (let match = mark.exec(source); match !== null; match = mark.exec(source)) {
    while ((literals[next]?.end ?? Infinity) <= match.index) next += 1;
    const literal = literals[next];
    if (literal !== undefined && literal.getStart(tree) <= match.index) mark.lastIndex = literal.end;
    else comments.push({ start: match.index, end: mark.lastIndex });
  }
  return comments;
}

/** @returns the text that a node stands for; `undefined` for other nodes and for names of modules */
function textOf(node: ts.Node): string | undefined {
  if (ts.isJsxText(node)) return node.text.trim();
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map((span) => `\`x\`${span.literal.text}`).join("");
}

/** Three words in a row, and no SQL, program or page. */
function isEnglish(text: string): boolean {
  if (/^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|PRAGMA)\b|[;{}]\s*$|^\s*<|=>/.test(text)) return false;
  return /\b[A-Za-z]+,? [a-z]+,? [a-z]+\b/.test(text);
}

/** Lines belong together if they follow each other in the same group. */
type CommentLine = { readonly number: number; readonly group: string; readonly text: string };

function linesOf({ start, end }: Range, source: string, lineAt: (position: number) => number): CommentLine[] {
  const first = lineAt(start);
  const raw = source.slice(start, end);
  if (raw.startsWith("//")) {
    const before = source.slice(source.lastIndexOf("\n", start - 1) + 1, start);
    const group = before.trim() === "" ? `column ${before.length}` : `behind line ${first}`;
    return [{ number: first, group, text: raw.replace(/^\/\/+ ?/, "") }];
  }
  const lines = raw.replace(/\s*\*\/$/, "").split("\n");
  return lines.map((line, index) => {
    return { number: first + index, group: `from line ${first}`, text: line.replace(/^\s*\/?\*+ ?/, "") };
  });
}

type Marks = { readonly line: RegExp; readonly opening: RegExp; readonly closing: RegExp };
const slashes: Marks = { line: /(?:^|\s)\/\/+ (.*)$/, opening: /^\s*\/\*+/, closing: /\s*\*\// };
const hashes: Marks = { line: /(?:^|\s)#+ (.*)$/, opening: /^\s*"""/, closing: /\s*"""/ };

/** For languages without a parser here: a mark inside a text in quotes is rare enough. */
function commentLines(source: string, marks: Marks): CommentLine[] {
  const lines: CommentLine[] = [];
  let blockFrom: number | undefined;
  for (const [index, whole] of source.split("\n").entries()) {
    const number = index + 1;
    let rest = whole;
    if (blockFrom === undefined && marks.opening.test(rest)) {
      blockFrom = number;
      rest = rest.replace(marks.opening, "");
    }
    if (blockFrom !== undefined) {
      const group = `from line ${blockFrom}`;
      lines.push({ number, group, text: rest.replace(marks.closing, "").replace(/^\s*\*? ?/, "") });
      if (marks.closing.test(rest)) blockFrom = undefined;
      continue;
    }
    const comment = marks.line.exec(rest);
    if (comment === null) continue;
    const isAlone = rest.slice(0, comment.index).trim() === "";
    lines.push({
      number,
      group: isAlone ? `column ${comment.index}` : `behind line ${number}`,
      text: comment[1] ?? "",
    });
  }
  return lines;
}

/** One piece each: up to an empty line, a tag, an item of a list, or something drawn. */
function proseOfComments(lines: readonly CommentLine[]): Prose[] {
  const pieces: { line: number; texts: string[] }[] = [];
  let previous: CommentLine | undefined;
  for (const line of lines) {
    if (line.text.trim() === "" || isDrawn(line.text)) {
      previous = undefined;
      continue;
    }
    const begins = /^\s*(@\w+( \{[^}]*\})?|[-*]|\d+\.)\s/;
    const text = line.text.trim().replace(begins, "");
    const isNext = previous !== undefined && line.number === previous.number + 1 && line.group === previous.group;
    const piece = pieces.at(-1);
    if (isNext && piece !== undefined && !begins.test(line.text)) piece.texts.push(text);
    else pieces.push({ line: line.number, texts: [text] });
    previous = line;
  }
  return pieces.map(({ line, texts }) => ({ kind: "comment", line, text: withoutCode(texts.join("\n")) }));
}

/** A table, a diagram, or a command. */
function isDrawn(text: string): boolean {
  return /^\s{2,}\S|\s\|\s|[─│┌└├]|-{4,}|\S {2,}\S/.test(text);
}

function withoutCode(text: string): string {
  const linesIn = (code: string) => code.replace(/[^\n]/g, "");
  return text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, linesIn)
    .replace(/`[^`]+`/g, (code) => `\`x\`${linesIn(code)}`)
    .replace(/\]\([^)]*\)/g, (address) => `]${linesIn(address)}`)
    .replace(/\b(https?|mqtts?|wss?):\/\/\S*[^\s.,;:)]/g, "`x`")
    .replace(/ ?\[[^\]]*MQTT-[^\]]*\]/g, linesIn);
}

function proseOfMarkdown(source: string): Prose[] {
  const found: Prose[] = [];
  let paragraph: { line: number; texts: string[] } | undefined;
  const end = () => {
    if (paragraph !== undefined) {
      found.push({ kind: "paragraph", line: paragraph.line, text: withoutCode(paragraph.texts.join("\n")) });
    }
    paragraph = undefined;
  };
  let isCode = false;
  for (const [index, whole] of source.split("\n").entries()) {
    const line = index + 1;
    const isFence = /^\s*(```|~~~)/.test(whole);
    if (isFence) isCode = !isCode;
    const begins = /^\s*([-*+]|\d+\.|#+|>)\s/;
    const text = whole
      .trim()
      .replace(begins, "")
      .replace(/\*\*|__/g, "");
    if (isFence || isCode || text === "" || /^(<|\[[^\]]*\]:)/.test(text)) {
      end();
    } else if (text.startsWith("|")) {
      end();
      const cells = withoutCode(text)
        .split("|")
        .map((cell) => cell.trim());
      for (const cell of cells) if (/\w/.test(cell)) found.push({ kind: "cell", line, text: cell });
    } else {
      if (begins.test(whole)) end();
      paragraph ??= { line, texts: [] };
      paragraph.texts.push(text);
      if (whole.startsWith("#")) end();
    }
  }
  end();
  return found;
}
