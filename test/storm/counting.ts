// The bundled Worker with counting-worker.js in front of it.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Bundle, bundleWorker } from "../../tools/local-server/bundle.ts";

/** How often each was called since the server started, by "caller to binding.method". */
export type Calls = Readonly<Record<string, number>>;

export async function countingBundle(): Promise<Bundle> {
  const { worker, variables } = await bundleWorker();
  const { modules, modulesRoot } = worker as { modules: object[]; modulesRoot: string };
  const name = "counting-worker.js";
  const contents = new Uint8Array(await readFile(path.join(import.meta.dirname, name)));
  const counting = { type: "ESModule", path: path.join(modulesRoot, name), contents };
  return { worker: { ...worker, modules: [counting, ...modules] } as Bundle["worker"], variables };
}

export async function callsOf(http: string): Promise<Calls> {
  const response = await fetch(`${http}/calls`);
  return (await response.json()) as Calls;
}
