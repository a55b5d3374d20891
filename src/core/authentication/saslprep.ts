// Names and passwords in the one form that both sides compare: SASLprep, RFC 4013. Left out of it are the rules on
// text from right to left, and its table of characters that Unicode 3.2 did not know.

/** RFC 3454 table B.1. */
const mappedToNothing = new Set(
  [0x00ad, 0x034f, 0x1806, 0x180b, 0x180c, 0x180d, 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff].map((code) =>
    String.fromCodePoint(code),
  ),
);
const space = /^\p{Zs}$/u;
const variationSelector = /^[\ufe00-\ufe0f]$/;
/** Controls, private use, surrogates, and the separators of lines and paragraphs. */
const prohibited = /[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** @returns `undefined` if the text has a forbidden character */
export function saslPrepared(text: string): string | undefined {
  const mapped = Array.from(text, (character) => {
    if (mappedToNothing.has(character) || variationSelector.test(character)) return "";
    return space.test(character) ? " " : character;
  });
  const prepared = mapped.join("").normalize("NFKC");
  return prohibited.test(prepared) ? undefined : prepared;
}
