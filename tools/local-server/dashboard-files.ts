// The dashboard's files: built from source with Vite, or taken from an installed package.

import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import path from "node:path";
import type { WorkerOptions } from "miniflare";

/**
 * @param root of the project or the package
 * @param folder for the files; its old content is removed
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

/** Files that compression makes smaller. Cloudflare compresses them by itself, this machine's runtime does not. */
const compress = `
  const compressible = /^(text\\/|application\\/(json|javascript)|image\\/svg)/;
  export default {
    async fetch(request, env) {
      const response = await env.FILES.fetch(request);
      const isCompressible = compressible.test(response.headers.get("Content-Type") ?? "");
      if (response.status !== 200 || !isCompressible) return response;
      const headers = new Headers(response.headers);
      headers.append("Vary", "Accept-Encoding");
      const takesGzip = /\\bgzip\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))/.test(request.headers.get("Accept-Encoding") ?? "");
      if (takesGzip) {
        headers.set("Content-Encoding", "gzip");
        headers.delete("Content-Length");
        const etag = headers.get("ETag");
        if (etag !== null && !etag.startsWith("W/")) headers.set("ETag", "W/" + etag);
      }
      return new Response(response.body, { status: 200, headers });
    },
  };
`;

/** Stands for what Cloudflare puts behind the binding ASSETS: a Worker beside the broker's. */
export function dashboardWorker(name: string, folder: string): WorkerOptions {
  return {
    name,
    modules: true,
    script: compress,
    assets: {
      directory: folder,
      binding: "FILES",
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
      assetConfig: {},
    },
  };
}
