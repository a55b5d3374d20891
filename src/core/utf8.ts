// Text that comes from outside, as bytes. There is no other decoder: the usual ones put U+FFFD in the place of bytes that
// are no UTF-8, which makes another text, such as another topic, of what somebody sent.

/** Throws for what is no UTF-8, such as surrogates and overlong forms. Keeps a leading U+FEFF [MQTT-1.5.4-3]. */
export const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @returns `undefined` for bytes that are no UTF-8 */
export function textOfUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * For text that somebody else has decoded: a command line, the environment.
 * @returns whether bytes that are no UTF-8 may have been in it. A real U+FFFD cannot be told from them
 */
export function mayBeMangled(text: string): boolean {
  return text.includes("\uFFFD");
}
