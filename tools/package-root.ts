// Where the project is, or the package that was made of it, in which these files are one folder deeper.

import { existsSync } from "node:fs";
import path from "node:path";

function rootAbove(folder: string): string {
  return existsSync(path.join(folder, "wrangler.toml")) ? folder : rootAbove(path.dirname(folder));
}

export const packageRoot = rootAbove(import.meta.dirname);
