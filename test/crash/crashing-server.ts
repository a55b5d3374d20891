// The local server as `npm start` runs it, and a way to crash it: workerd is killed where it stands. Miniflare starts it
// again at once, on the same port and the same data folder.

import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Bundle } from "../../tools/local-server/bundle.ts";
import { startServer } from "../../tools/local-server/server.ts";
import type { Path } from "../support/broker.ts";
import { freePort } from "../support/free-port.ts";

export type CrashingServer = {
  /** The same after a crash. */
  url(path: Path, clientId: string): string;
  /** Plain HTTP on the same port. */
  readonly http: string;
  /** Kills workerd; resolves when it is gone, and with it every connection. */
  crash(): Promise<void>;
  close(): Promise<void>;
};

/** @param bundle another Worker than the one of this repository */
export async function startCrashingServer(variables: Record<string, string>, bundle?: Bundle): Promise<CrashingServer> {
  const runtimes = watchRuntimes();
  const dataDir = await mkdtemp(path.join(tmpdir(), "durable-mqtt-crash-"));
  // What a killed workerd leaves behind is not worth a line; BROKER_LOG shows it all the same.
  const log = process.env.BROKER_LOG === undefined ? () => {} : console.error;
  const server = await startServer({
    host: "127.0.0.1",
    port: await freePort(),
    tcpPort: 0,
    dataDir,
    variables: { ALLOW_ANONYMOUS: "1", ...variables },
    log,
    ...(bundle === undefined ? {} : { bundle }),
  });
  const webSocketUrl = `${server.url.replace(/^http/, "ws")}/mqtt`;
  return {
    http: server.url,
    url(way, clientId) {
      if (way === "TCP") return `tcp://127.0.0.1:${server.tcpPort}`;
      return way === "native WebSocket" ? `${webSocketUrl}/${encodeURIComponent(clientId)}` : webSocketUrl;
    },
    async crash() {
      const runtime = runtimes.latest();
      const gone = once(runtime, "exit");
      runtime.kill("SIGKILL");
      await gone;
    },
    async close() {
      runtimes.end();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The workerd processes that this process starts from now on, and no others. */
function watchRuntimes() {
  const started: ChildProcess[] = [];
  const onChild = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    child.once("spawn", () => {
      if (path.basename(child.spawnfile) === "workerd") started.push(child);
    });
  };
  subscribe("child_process", onChild);
  return {
    latest(): ChildProcess {
      const runtime = started.at(-1);
      if (runtime === undefined || runtime.exitCode !== null || runtime.signalCode !== null) {
        throw new Error("workerd is not running");
      }
      return runtime;
    },
    end: () => unsubscribe("child_process", onChild),
  };
}
