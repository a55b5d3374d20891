// Text as a search compares it: without case, accents and the widths of letters, in any script.

/** Only accents of Latin, Greek and Cyrillic letters are left out: in other scripts such marks make other words. */
export function foldedText(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .toUpperCase()
    .toLowerCase();
}
