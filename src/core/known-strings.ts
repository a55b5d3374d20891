// Strings that often repeat in bytes: topic names, generations. Looking one up costs a tenth of decoding it, and equal
// strings that share memory are compared and found faster.

/** Longer ones are rare, and decoding them is quicker than hashing. */
const maximumBytes = 96;
/** One string each; a newcomer takes the place. */
const places = 4_096;

const known = new Array<string>(places).fill("");

/** @returns the string that these bytes are, or `undefined` if it has not been `remember`ed */
export function recall(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > maximumBytes) return undefined;
  const text = known[placeOf(bytes, start, end)] as string;
  if (text.length !== length) return undefined;
  for (let index = 0; index < length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return undefined;
  }
  return text;
}

/** @param text what these bytes were decoded to. Only ASCII is kept, in which a byte is a character */
export function remember(text: string, bytes: Uint8Array, start: number, end: number): void {
  if (end - start > maximumBytes) return;
  for (let at = start; at < end; at += 1) if ((bytes[at] as number) >= 0x80) return;
  known[placeOf(bytes, start, end)] = text;
}

/** FNV-1a. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (places - 1);
}
