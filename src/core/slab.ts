// Room for small packets. An ArrayBuffer of its own for each costs more than what is done with it, so that many share one.

const slabBytes = 0x1_0000;
/**
 * A larger packet gets a buffer of its own: that costs little beside its content, and a slab must not be half empty.
 */
const maximumSharedBytes = 0x1000;

let slab = new Uint8Array(slabBytes);
let usedBytes = 0;

/**
 * A packet's bytes, to be written once and by whoever asked. They may be a view of a buffer that other packets share, and
 * are never used again. A view keeps the whole slab in memory: copy what is kept for long.
 */
export function packetBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length > maximumSharedBytes) return new Uint8Array(length);
  if (usedBytes + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    usedBytes = 0;
  }
  const bytes = slab.subarray(usedBytes, usedBytes + length);
  usedBytes += length;
  return bytes;
}
