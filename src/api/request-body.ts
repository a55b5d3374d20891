// Reads the body of a request, as much of it as is taken.

/**
 * What comes beyond the limit is read too, up to so much, and let go: a client that is still sending would see its connection
 * reset, and not the answer.
 */
const discardedBytes = 16 * 1_048_576;

/** @returns `undefined` for a body of more bytes than `maxBytes` */
export async function readBody({ body }: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else if (bytes > maxBytes + discardedBytes) break;
  }
  return bytes > maxBytes ? undefined : concatenated(chunks, bytes);
}

function concatenated(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
