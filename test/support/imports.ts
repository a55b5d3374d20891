// What a source file imports, types included, from its text.

/** The names as they are written, in order: of `import` and `export … from`, and of `import()`. */
export function importsOf(source: string): string[] {
  const pattern = /\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;
  return [...withoutComments(source).matchAll(pattern)].map(([, from, direct]) => from ?? direct ?? "");
}

export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}
