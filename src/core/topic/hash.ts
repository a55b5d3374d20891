// The one hash: which shard a topic belongs to, who is asked first in a shared subscription, and which counter a topic
// has where uses are counted.

/**
 * FNV-1a over UTF-16 code units, 32 bits, then the final mix of MurmurHash3. FNV-1a alone spreads names badly if they
 * differ only in their last characters and the shard count is a power of two.
 */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
