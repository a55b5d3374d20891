// Debian's browser. If it is not installed, the tests that need it are skipped, and say so.

import { hasInstalled, programPath } from "../programs/installed.ts";

export const chromiumPath = programPath("chromium");
export const hasBrowser = hasInstalled("a browser", "chromium");
