// Before any test: the Worker as the deploy bundles it, so that no test pays for that or reports its failure.

import { bundleWorker } from "../../tools/local-server/bundle.ts";

export default async function setup(): Promise<void> {
  await bundleWorker();
}
