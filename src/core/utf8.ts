// The only decoder for text that comes from outside. Lenient decoders replace bytes that are not UTF-8 with U+FFFD, which
// turns what somebody sent into another text, such as another topic.

/** Throws for bytes that are not UTF-8, such as surrogates and overlong forms. Keeps a leading U+FEFF [MQTT-1.5.4-3]. */
export const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @returns `undefined` for bytes that are not UTF-8 */
export function textOfUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * For text that was decoded elsewhere: a command line, the environment.
 * @returns whether it may have had bytes that are not UTF-8. They cannot be told from a real U+FFFD
 */
export function mayBeMangled(text: string): boolean {
  return text.includes("\uFFFD");
}
