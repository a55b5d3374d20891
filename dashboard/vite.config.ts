// `npm run build` makes the dashboard's files, which the Worker serves at /. `npm run dev:dashboard` serves them while
// you edit them, beside a broker on this machine.

import path from "node:path";
import { defineConfig } from "vite";

const broker = process.env.BROKER_URL ?? "http://127.0.0.1:8787";

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: path.join(import.meta.dirname, "../dist/dashboard"),
    emptyOutDir: true,
    target: "es2022",
    // A data: address for a script or a worker would break the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(["/api", "/ns", "/mqtt"].map((path) => [path, { target: broker, ws: true }])),
  },
});
