// Our broker on free ports, with a temporary folder. BROKER_LOG in the environment shows what its Worker writes.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Miniflare, RequestInit, Response } from "miniflare";
import { afterAll, beforeAll } from "vitest";
import type { AccessObject } from "../../src/objects/access-object.ts";
import { type Bundle, bundleWorker } from "../../tools/local-server/bundle.ts";
import { endConversations } from "./conversation.ts";

export type Broker = {
  readonly tcp: string;
  /** The path on which the Worker relays to the session. */
  readonly ws: string;
  /** The path on which the session owns the socket. */
  wsNative(clientId: string): string;
  /** `tcp`, `ws` and `wsNative`, for tests that hold on each of them. */
  url(path: Path, clientId: string): string;
  /** Plain HTTP on the same port as `ws`. */
  readonly http: string;
  /** The object that knows the credentials of a namespace. */
  access(namespace?: string): Promise<AccessObject>;
  /** A request as Cloudflare hands it to the Worker, with what it knows of the client in `cf`. */
  dispatch(path: string, init: RequestInit): Promise<Response>;
  /** Stops it and starts it again on the same data folder; the addresses change. */
  restart(): Promise<void>;
  close(): Promise<void>;
};
export type Path = "TCP" | "relayed WebSocket" | "native WebSocket";
export const paths: readonly Path[] = ["TCP", "relayed WebSocket", "native WebSocket"];

type Settings = {
  variables?: Record<string, string>;
  dataDir?: string;
  /** A line that the Worker or the runtime wrote. */
  log?: (line: string) => void;
};
type Running = { url: string; tcpPort: number; miniflare: Miniflare; close(): Promise<void> };

/** Looked for once: to find it, all that it is made from is read. */
let bundle: Bundle | undefined;

async function startOn(
  dataDir: string,
  variables: Record<string, string>,
  log: (line: string) => void,
): Promise<Running> {
  const { startServer } = await import("../../tools/local-server/server.ts");
  bundle ??= await bundleWorker();
  const server = await startServer({
    bundle,
    host: "127.0.0.1",
    port: 0,
    tcpPort: 0,
    dataDir,
    variables: { ...open, ...variables },
    log,
  });
  if (server.tcpPort === undefined) throw new Error("the server has no TCP port");
  const { tcpPort, miniflare } = server;
  return { url: String(server.url), tcpPort, miniflare, close: () => server.close() };
}

/** To clients that show nothing of who they are, in any namespace. */
const open = { ALLOW_ANONYMOUS: "1", NAMESPACES: "*" };

const shownLog = process.env.BROKER_LOG === undefined ? () => {} : console.error;

export async function startBroker({ variables = {}, dataDir, log: hear = () => {} }: Settings = {}): Promise<Broker> {
  const log = (line: string) => {
    shownLog(line);
    hear(line);
  };
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "durable-mqtt-test-")));
  let running = await startOn(folder, variables, log);
  const http = () => running.url.replace(/\/$/, "");
  const ws = () => http().replace(/^http/, "ws");
  const broker: Broker = {
    get tcp() {
      return `tcp://127.0.0.1:${running.tcpPort}`;
    },
    get ws() {
      return `${ws()}/mqtt`;
    },
    get http() {
      return http();
    },
    wsNative: (clientId) => `${ws()}/mqtt/${encodeURIComponent(clientId)}`,
    url(path, clientId) {
      if (path === "TCP") return broker.tcp;
      return path === "native WebSocket" ? broker.wsNative(clientId) : broker.ws;
    },
    async access(namespace = "default") {
      const objects = await running.miniflare.getDurableObjectNamespace("ACCESS");
      return objects.get(objects.idFromName(namespace)) as unknown as AccessObject;
    },
    dispatch: (path, init) => running.miniflare.dispatchFetch(`${http()}${path}`, init),
    async restart() {
      await running.close();
      running = await startOn(folder, variables, log);
    },
    async close() {
      await running.close();
      if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
  return broker;
}

/** One broker for all tests of a file. */
export function useBroker(settings: Settings = {}): Broker {
  let broker: Broker | undefined;
  beforeAll(async () => {
    broker = await startBroker(settings);
  }, 60_000);
  afterAll(async () => {
    endConversations();
    await broker?.close();
  }, 30_000);
  return new Proxy({} as Broker, {
    get: (_, key) => Reflect.get(broker ?? {}, key),
  });
}
