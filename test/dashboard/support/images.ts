// Small images of each kind that browsers show, as an encoder wrote them.

import type { ImageType } from "../../../dashboard/src/live/image.ts";

type Sample = { readonly type: ImageType; readonly width: number; readonly height: number; readonly bytes: Uint8Array };

function sample(type: ImageType, width: number, height: number, base64: string): Sample {
  return { type, width, height, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
}

export const images: Readonly<Record<string, Sample>> = {
  PNG: sample(
    "image/png",
    30,
    20,
    "iVBORw0KGgoAAAANSUhEUgAAAB4AAAAUCAYAAACaq43EAAAAO0lEQVR4AezSIQoAAAhDUfHk3lz7+lz5gsEy4bGumU1sV2h4/AYP" +
      "NdQ2Acplo9VgqFXEdkNto9XgGPUBAAD//9nqynAAAAAGSURBVAMAsPw8C/PvDzcAAAAASUVORK5CYII=",
  ),
  JPEG: sample(
    "image/jpeg",
    30,
    20,
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71" +
      "////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4" +
      "+Pj4+Pj4+Pj/wAARCAAUAB4DASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA" +
      "FgEBAQEAAAAAAAAAAAAAAAAAAAME/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AnAUYwAAAAAH/2Q==",
  ),
  GIF: sample("image/gif", 1, 1, "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
  "lossy WebP": sample(
    "image/webp",
    30,
    20,
    "UklGRkAAAABXRUJQVlA4IDQAAAAQAwCdASoeABQAPxGCuVWsKKWjKAgBgCIJZQDO7BanFAAA/uHDW2WiUD/Qr1l99P3A78AA",
  ),
  "lossless WebP": sample("image/webp", 30, 20, "UklGRhwAAABXRUJQVlA4TBAAAAAvHcAEAAdQwChg/wMR0f8A"),
  "extended WebP": sample(
    "image/webp",
    30,
    20,
    "UklGRmoAAABXRUJQVlA4WAoAAAAQAAAAHQAAEwAAQUxQSBAAAAABB1DAiAgABOG/XUBE/1MHVlA4IDQAAAAQAwCdASoeABQAPxGC" +
      "uVWsKKWjKAgBgCIJZQDO7BanFAAA/uHDW2WiUD/Qr1l99P3A78AA",
  ),
};
