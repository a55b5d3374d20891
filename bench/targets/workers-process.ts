// Our broker in workerd, or with --floor the floor's Worker. Clients connect to workerd itself, or with --front-door as
// they do to `npm start`.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Bundle, bundleWorker } from "../../tools/local-server/bundle.ts";
import { startServer } from "../../tools/local-server/server.ts";
import { childrenOf } from "../process-usage.ts";
import { host, temporaryFolder, untilEnd } from "./target.ts";

const { values } = parseArgs({
  options: { floor: { type: "boolean" }, "front-door": { type: "boolean" }, set: { type: "string", multiple: true } },
});

/** A server in trouble may write a line for each message. */
const mostLines = 20;
let lines = 0;

function log(line: string): void {
  lines += 1;
  if (lines <= mostLines) process.stderr.write(`${line}\n`);
}

async function floorBundle(): Promise<Bundle> {
  const { worker, variables } = await bundleWorker();
  const file = path.join(import.meta.dirname, "floor-worker.js");
  const modules = [{ type: "ESModule" as const, path: file, contents: new Uint8Array(await readFile(file)) }];
  const durableObjects = { FLOOR: { className: "FloorObject", useSQLite: true } };
  return { worker: { ...worker, modulesRoot: import.meta.dirname, modules, durableObjects }, variables };
}

const { folder, remove } = await temporaryFolder();
const server = await startServer({
  host,
  port: 0,
  tcpPort: undefined,
  dataDir: folder,
  variables: { ALLOW_ANONYMOUS: "1", ...Object.fromEntries((values.set ?? []).map((text) => text.split("="))) },
  log,
  ...(values.floor ? { bundle: await floorBundle() } : {}),
});
const runtimePids = childrenOf(process.pid, "workerd");
const ready = values["front-door"]
  ? { port: server.port, pids: [process.pid, ...runtimePids] }
  : { port: Number((await server.miniflare.unsafeGetDirectURL()).port), pids: runtimePids };
await untilEnd(ready, async () => {
  await server.close();
  await remove();
});
