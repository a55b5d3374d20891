// The root folder of the project, or of the package made from it, in which these files are one folder deeper.

import { existsSync } from "node:fs";
import path from "node:path";

function rootAbove(folder: string): string {
  return existsSync(path.join(folder, "wrangler.toml")) ? folder : rootAbove(path.dirname(folder));
}

export const packageRoot = rootAbove(import.meta.dirname);
