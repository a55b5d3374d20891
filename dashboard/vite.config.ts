// `npm run build`: the dashboard's files, which the Worker serves at /.

import path from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  build: { outDir: path.join(import.meta.dirname, "../dist/dashboard"), emptyOutDir: true },
});
