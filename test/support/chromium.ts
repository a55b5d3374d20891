// Debian's browser. Where it is not installed the tests that need it are skipped, and say so.

import { existsSync } from "node:fs";

export const chromiumPath = "/usr/bin/chromium";
export const hasBrowser = existsSync(chromiumPath);
if (!hasBrowser) console.warn(`Tests in a browser are skipped: there is no ${chromiumPath} (npm run setup:tests).`);
