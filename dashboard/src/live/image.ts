// Recognises images among payloads by their first bytes, and reads their size in pixels. A few kilobytes may claim
// gigabytes of pixels, so the size is checked before the browser decodes anything.

export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp";

export type Image = { readonly type: ImageType; readonly width: number; readonly height: number };

/** With four bytes per pixel, 160 MB. */
export const maximumPixels = 40_000_000;

/** @returns `undefined` if the bytes do not begin like one of the four kinds, with a size in pixels */
export function imageOf(bytes: Uint8Array): Image | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const image = pngOf(view) ?? gifOf(view) ?? jpegOf(view) ?? webpOf(view);
    return image !== undefined && image.width > 0 && image.height > 0 ? image : undefined;
  } catch (error) {
    // The payload ends before its size.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pngOf(view: DataView): Image | undefined {
  if (!hasText(view, 0, "\x89PNG\r\n\x1a\n") || !hasText(view, 12, "IHDR")) return undefined;
  return { type: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
}

function gifOf(view: DataView): Image | undefined {
  if (!hasText(view, 0, "GIF87a") && !hasText(view, 0, "GIF89a")) return undefined;
  return { type: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

/** The size is in the first segment that begins a frame (SOF0 to SOF15). ITU T.81, annex B. */
function jpegOf(view: DataView): Image | undefined {
  if (!hasText(view, 0, "\xff\xd8\xff")) return undefined;
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at) !== 0xff) return undefined;
    // Any number of these bytes may come before a marker.
    while (view.getUint8(at + 1) === 0xff) at++;
    const marker = view.getUint8(at + 1);
    // Between 0xc0 and 0xcf, these three are tables, and not frames.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { type: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    // Below 0xc0 nothing begins a segment, and data before a frame has no size.
    if (marker < 0xc0 || marker === 0xd9 || marker === 0xda) return undefined;
  }
}

/** Its three forms: lossy, lossless, and extended. RFC 9649. */
function webpOf(view: DataView): Image | undefined {
  if (!hasText(view, 0, "RIFF") || !hasText(view, 8, "WEBPVP8")) return undefined;
  const type = "image/webp";
  const form = String.fromCharCode(view.getUint8(15));
  if (form === " ") {
    return { type, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (form === "L") {
    const bits = view.getUint32(21, true);
    return { type, width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  if (form !== "X") return undefined;
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  return { type, width: uint24(24) + 1, height: uint24(27) + 1 };
}

function hasText(view: DataView, at: number, text: string): boolean {
  return [...text].every((character, index) => view.getUint8(at + index) === character.charCodeAt(0));
}
