// The dashboard's files: from their source, with Vite, or as an installed package brings them.

import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import path from "node:path";
import type { WorkerOptions } from "miniflare";

/**
 * @param root of the project or the package
 * @param folder for the files; what is in it is removed
 */
export async function buildDashboard(root: string, folder: string): Promise<void> {
  const source = path.join(root, "dashboard");
  if (!existsSync(source)) {
    const built = path.join(root, "dist/dashboard");
    if (built !== folder) await cp(built, folder, { recursive: true });
    return;
  }
  const { build } = await import("vite");
  await build({
    configFile: path.join(source, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
}

/** What Cloudflare puts behind the binding ASSETS, as a Worker beside the broker's. */
export function dashboardWorker(name: string, folder: string): WorkerOptions {
  return {
    name,
    modules: true,
    script: "export default { fetch: () => new Response(null, { status: 404 }) };",
    assets: { directory: folder, routerConfig: { has_user_worker: false }, assetConfig: {} },
  };
}
