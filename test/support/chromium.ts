// Debian's browser. If it is not installed, the tests that need it are skipped, and say so.

import { hasInstalled } from "../programs/installed.ts";

export const chromiumPath = "/usr/bin/chromium";
export const hasBrowser = hasInstalled("a browser", chromiumPath);
