// Runs before any test. Bundles the Worker as the deploy does, so that no test pays for it or reports its failure, and
// makes a folder for what test files share.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundleWorker } from "../../tools/local-server/bundle.ts";

export default async function setup(): Promise<() => Promise<void>> {
  await bundleWorker();
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-run-"));
  process.env.TEST_RUN_FOLDER = folder;
  return () => rm(folder, { recursive: true, force: true });
}
