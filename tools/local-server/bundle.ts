// Bundles the Worker and the dashboard as `wrangler deploy` would, so that the local and the deployed broker run the
// same files. Bundling takes seconds, so the result is kept under node_modules/.cache until a source changes.

import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { WorkerOptions } from "miniflare";
import { packageRoot } from "../package-root.ts";
import { runWrangler, wranglerVersion } from "../wrangler.ts";
import { buildDashboard } from "./dashboard-files.ts";

/** What Miniflare needs to run the Worker: its modules, and wrangler.toml in Miniflare's terms. */
export type Bundle = {
  readonly worker: WorkerOptions & { readonly name: string };
  /** [vars] of wrangler.toml. */
  readonly variables: Readonly<Record<string, string>>;
  /** The dashboard's files. */
  readonly dashboardFolder?: string;
};

/** The Worker cannot be bundled. The message is wrangler's own text. */
export class BundleError extends Error {}

export const defaultConfigPath = path.join(packageRoot, "wrangler.toml");

/** Folders that a bundle is made from. package-lock.json stands for the content of node_modules. */
const sourceFolders = ["src", "dashboard", "tools/device-setup", "examples"];
const dashboardFolder = "dashboard";
const descriptionFile = "description.json";

const moduleTypes: Readonly<Record<string, "ESModule" | "Text" | "Data" | "CompiledWasm">> = {
  ".js": "ESModule",
  ".mjs": "ESModule",
  ".txt": "Text",
  ".html": "Text",
  ".sql": "Text",
  ".bin": "Data",
  ".wasm": "CompiledWasm",
};

type Description = Omit<Bundle, "dashboardFolder"> & { readonly mainModule: string };

/**
 * @param onSlow called if there is no bundle of the present files yet: making it takes seconds
 * @throws {BundleError}
 */
export async function bundleWorker(configPath: string = defaultConfigPath, onSlow = () => {}): Promise<Bundle> {
  const root = path.dirname(path.resolve(configPath));
  const cache = path.join(root, "node_modules/.cache/durable-mqtt");
  return bundleInto(cache, root, configPath, onSlow).catch((error: NodeJS.ErrnoException) => {
    const { code } = error;
    if (code === "ENOSPC") throw new BundleError(`The disk is full, and ${cache} needs a megabyte: free some space.`);
    if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error;
    throw new BundleError(
      `The bundled Worker cannot be kept in ${cache} (${code}): give yourself the right to, or install durable-mqtt elsewhere.`,
    );
  });
}

async function bundleInto(cache: string, root: string, configPath: string, onSlow: () => void): Promise<Bundle> {
  const folder = path.join(cache, await fingerprint(root, configPath));

  let description = await readDescription(folder);
  if (description === undefined) {
    onSlow();
    await mkdir(cache, { recursive: true });
    const unfinished = await mkdtemp(path.join(cache, "unfinished-"));
    try {
      const assets = path.join(unfinished, dashboardFolder);
      await buildDashboard(root, assets);
      const outputs = ["--outdir", unfinished, "--assets", assets];
      const args = ["deploy", "--dry-run", "--config", path.resolve(configPath), ...outputs];
      const { exitCode, said } = await runWrangler(args, { cwd: root });
      if (exitCode !== 0) throw new BundleError(said || `wrangler ended with exit code ${exitCode}`);
      description = await describe(configPath);
      await writeFile(path.join(unfinished, descriptionFile), JSON.stringify(description, null, 2));
      await removeAllBut(cache, folder, unfinished);
      // The temporary folder is private. The finished bundle has no secret, and other users may start the broker from
      // it.
      await chmod(unfinished, 0o755);
      await rename(unfinished, folder).catch((error) => {
        // Another server has made the same bundle at the same time: either will do.
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST" && error.code !== "EPERM") throw error;
      });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return {
    worker: { ...description.worker, modulesRoot: folder, modules: await readModules(folder, description.mainModule) },
    variables: description.variables,
    dashboardFolder: path.join(folder, dashboardFolder),
  };
}

async function fingerprint(root: string, configPath: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`wrangler ${wranglerVersion}\n`);
  const files = [configPath, path.join(root, "package-lock.json")];
  for (const sourceFolder of sourceFolders) {
    const folder = path.join(root, sourceFolder);
    const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(orNothing);
    // Packages that somebody installed in an example are not part of the bundle.
    const own = (names ?? []).filter(
      (each) => !/(^|[/\\])(node_modules|\.venv)([/\\]|$)/.test(path.relative(root, each.parentPath)),
    );
    for (const entry of own) if (entry.isFile()) files.push(path.join(entry.parentPath, entry.name));
  }
  for (const file of files.sort()) {
    const content = await readFile(file).catch(orNothing);
    if (content === undefined) continue;
    hash.update(`${path.relative(root, file)} ${content.byteLength}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

async function readDescription(folder: string): Promise<Description | undefined> {
  const text = await readFile(path.join(folder, descriptionFile), "utf8").catch(orNothing);
  return text === undefined ? undefined : (JSON.parse(text) as Description);
}

/** Loading wrangler takes a second, so its answer is kept beside the bundle. */
async function describe(configPath: string): Promise<Description> {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: configPath }, { hideWarnings: true });
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
  // Wrangler would add the secrets of .dev.vars to the bindings, which do not belong in a cache. For a Worker with
  // assets, Miniflare would put two hops into the path of every frame.
  const { bindings: _bindings, modulesRules: _modulesRules, assets: _assets, ...worker } = workerOptions;
  const variables = Object.entries(config.vars).map(([name, value]) => [name, String(value)]);
  return {
    worker: { ...worker, name: config.name ?? "durable-mqtt" } as Bundle["worker"],
    variables: Object.fromEntries(variables),
    mainModule: `${path.parse(main ?? "worker").name}.js`,
  };
}

/** Read with their contents, so that a later bundle can remove the folder while this server runs. */
async function readModules(folder: string, mainModule: string) {
  const names = (await readdir(folder)).filter((name) => path.extname(name) in moduleTypes);
  // Miniflare starts the first module of the list.
  names.sort((a, b) => Number(b === mainModule) - Number(a === mainModule));
  return Promise.all(
    names.map(async (name) => ({
      type: moduleTypes[path.extname(name)] as "ESModule",
      path: path.join(folder, name),
      contents: new Uint8Array(await readFile(path.join(folder, name))),
    })),
  );
}

async function removeAllBut(cache: string, ...kept: string[]): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = path.join(cache, name);
    // Another server may be making an unfinished bundle at this moment.
    if (kept.includes(folder) || name.startsWith("unfinished-")) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}
