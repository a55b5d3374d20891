// The broker on this machine: the bundled Worker runs in workerd, under Miniflare's API, with its Durable Objects in a
// folder. The front door and the TCP gateway stand before it. Both connect to workerd itself ("direct socket"), because
// Miniflare's own entry would put two hops into the path of every frame, and compress frames that boards cannot
// inflate.

import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isMainThread } from "node:worker_threads";
import { Miniflare, type MiniflareOptions, NoOpLog } from "miniflare";
import { readSettings, type Settings } from "../../src/settings/settings.ts";
import { startTcpGateway, type TcpGateway } from "../tcp-gateway/tcp-gateway.ts";
import { ownNames, reachableFromHere } from "./addresses.ts";
import { type AdminToken, keptAdminToken } from "./admin-token.ts";
import { type Bundle, bundleWorker, defaultConfigPath } from "./bundle.ts";
import { dashboardWorker } from "./dashboard-files.ts";
import { Descriptors } from "./descriptors.ts";
import { removeEmptyDatabases } from "./empty-databases.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { makeOwnersAlone } from "./folder-owner.ts";
import { addressHeader, addressHeaders } from "./front-door/address-header.ts";
import { type FrontDoor, startFrontDoor } from "./front-door/front-door.ts";
import { ReadableLog } from "./log-line.ts";
import { endRuntimesWithThisProcess, runtimesOfThisProcess } from "./orphan-guard.ts";
import { portError } from "./port-error.ts";
import { StartError } from "./start-error.ts";

export type LocalServerOptions = {
  readonly host: string;
  /** WebSocket and HTTP; 0 takes any free port. */
  readonly port: number;
  /** MQTT over TCP; 0 takes any free port, undefined switches it off. */
  readonly tcpPort: number | undefined;
  /** The folder of everything that is stored; undefined is a temporary folder, which `close` removes. */
  readonly dataDir: string | undefined;
  /** The broker's settings, over those in wrangler.toml. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether to make an ADMIN_TOKEN if no variable sets one, and keep it in the data folder. */
  readonly keepsAdminToken?: boolean;
  /** A line that the Worker or the runtime wrote. */
  readonly log?: (line: string) => void;
  /** Called if the runtime died and could not be restarted: there is no broker any more. */
  readonly onFailed?: (error: Error) => void;
  /** Another Worker than this repository's. */
  readonly bundle?: Bundle;
};

export type LocalServer = {
  /** http://127.0.0.1:8787: an address that this machine can use, even if the server listens on all of them. */
  readonly url: string;
  readonly port: number;
  readonly tcpPort: number | undefined;
  readonly miniflare: Miniflare;
  /** The names that requests may have in their Host header. Addresses are always allowed. */
  readonly names: readonly string[];
  /** Set if it was made here. */
  readonly adminToken: AdminToken | undefined;
  /** Ends every connection. What was acknowledged is stored already. */
  close(): Promise<void>;
};

const dashboardName = "dashboard";
const bundlingLine =
  "Bundling the broker: the first start, and the first after a change, takes about ten seconds longer.";

/**
 * @throws {StartError} if an address or a folder cannot be used
 * @throws {BundleError} if the Worker cannot be bundled
 * @throws {SettingsError} if the broker cannot use the value of a variable
 */
export async function startServer(options: LocalServerOptions): Promise<LocalServer> {
  const { log = () => {} } = options;
  const host = await resolveHost(options.host);
  await checkPort(host, options.port, "--port");
  if (options.tcpPort !== undefined) await checkPort(host, options.tcpPort, "--tcp");
  const bundle = options.bundle ?? (await bundleWorker(defaultConfigPath, () => log(bundlingLine)));
  // Checked here, and not at the first connection.
  const settings = readSettings({ ...bundle.variables, ...options.variables });
  const names = allowedNames({ ...bundle.variables, ...options.variables });
  checkJurisdiction(settings);
  if (options.dataDir !== undefined) hideNewFiles();
  const folderLock = options.dataDir === undefined ? undefined : await openFolder(options.dataDir);

  let miniflare: Miniflare | undefined;
  let frontDoor: FrontDoor | undefined;
  let gateway: TcpGateway | undefined;
  const close = async () => {
    await gateway?.close();
    await frontDoor?.close();
    await miniflare?.dispose();
    folderLock?.release();
  };
  try {
    endRuntimesWithThisProcess();
    if (options.dataDir !== undefined) removeEmptyDatabases(options.dataDir, log);
    const adminToken = await ownAdminToken(options, bundle);
    const own = adminToken === undefined ? {} : { ADMIN_TOKEN: adminToken.token };
    const variables = { ALLOWED_HOSTS: names.join(","), ...own };
    const runtime = await startMiniflare(miniflareOptions(options, bundle, variables, log));
    miniflare = runtime.miniflare;
    const descriptors = new Descriptors(() => [process.pid, ...runtimesOfThisProcess()]);
    frontDoor = await startFrontDoor({
      host,
      port: options.port,
      brokerPort: () => runtime.port,
      tcpPort: () => (options.tcpPort === undefined ? "none" : gateway?.ports[0]),
      descriptors,
      connectTimeoutMs: settings.limits.connectTimeoutSec * 1000,
      log,
    }).catch((error) => {
      throw portError(error, host, options.port, "--port");
    });
    if (options.tcpPort !== undefined) {
      gateway = await startTcpGateway({
        listeners: [{ host, port: options.tcpPort }],
        targetFor: (socket) => ({
          url: `ws://127.0.0.1:${runtime.port}/mqtt`,
          headers: addressHeaders(socket.remoteAddress),
        }),
        hasRoom: () => descriptors.take(),
        log,
      }).catch((error) => {
        throw portError(error.cause, host, options.tcpPort as number, "--tcp");
      });
    }
    const { port } = frontDoor;
    return {
      url: `http://${reachableFromHere(host)}:${port}`,
      port,
      tcpPort: gateway?.ports[0],
      miniflare,
      names,
      adminToken,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Refuses a jurisdiction, which this machine cannot guarantee. A location hint guarantees nothing and is ignored. */
function checkJurisdiction({ jurisdiction }: Settings): void {
  if (jurisdiction === undefined) return;
  throw new StartError(
    `JURISDICTION is "${jurisdiction}", which only Cloudflare can keep: leave it out here, with --set JURISDICTION= if wrangler.toml has it.`,
  );
}

/** Only the owner can read files that this process and the runtime make from now on. A worker thread cannot set the umask. */
function hideNewFiles(): void {
  if (isMainThread) process.umask(0o077);
}

async function ownAdminToken(options: LocalServerOptions, { variables }: Bundle): Promise<AdminToken | undefined> {
  const isGiven = (options.variables.ADMIN_TOKEN ?? variables.ADMIN_TOKEN ?? "") !== "";
  if (isGiven || !options.keepsAdminToken || options.dataDir === undefined) return undefined;
  return keptAdminToken(options.dataDir);
}

function miniflareOptions(
  options: LocalServerOptions,
  { worker, variables, dashboardFolder }: Bundle,
  ownVariables: Readonly<Record<string, string>>,
  log: (line: string) => void,
): MiniflareOptions {
  const broker = {
    ...worker,
    // The front door limits what one address may use.
    ratelimits: {},
    bindings: {
      ...variables,
      CLIENT_ADDRESS_HEADER: addressHeader,
      // Clients could forge them: Miniflare takes `request.cf` from a header.
      CLIENT_CERTIFICATES: "0",
      ...options.variables,
      ...ownVariables,
    },
    ...(dashboardFolder === undefined ? {} : { serviceBindings: { ASSETS: dashboardName } }),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
  return {
    workers: dashboardFolder === undefined ? [broker] : [broker, dashboardWorker(dashboardName, dashboardFolder)],
    // Miniflare's own entry, for calls of the tests in this process.
    host: "127.0.0.1",
    port: 0,
    ...(options.dataDir === undefined ? {} : { durableObjectsPersist: path.resolve(options.dataDir) }),
    // Both would ask a server on the internet.
    cf: false,
    telemetry: { enabled: false },
    log: new FailureLog(options.onFailed),
    logRequests: false,
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      const readable = new ReadableLog();
      forwardLines(stdout, readable, log);
      forwardLines(stderr, readable, log);
    },
    unsafeHandleRuntimeRestart: () => log("The Workers runtime ended unexpectedly and was started again."),
  };
}

/** Adds the operator's names, such as the router's for this machine, to the machine's own. */
function allowedNames(variables: Readonly<Record<string, string>>): string[] {
  const given = (variables.ALLOWED_HOSTS ?? "").split(",").map((name) => name.trim());
  return [...new Set([...ownNames(), ...given.filter((name) => name !== "")])];
}

/** Reads Miniflare's log, the only place that says that the runtime ended and could not be restarted. */
class FailureLog extends NoOpLog {
  private readonly onFailed: ((error: Error) => void) | undefined;

  constructor(onFailed: ((error: Error) => void) | undefined) {
    super();
    this.onFailed = onFailed;
  }

  override error(error: Error): void {
    if ((error as { code?: string }).code === "ERR_RUNTIME_FAILURE") this.onFailed?.(error);
  }
}

/** The Workers runtime. It listens on `port` of 127.0.0.1; the port changes when it restarts. */
type Runtime = { readonly miniflare: Miniflare; port: number };

async function startMiniflare(options: MiniflareOptions): Promise<Runtime> {
  const findPort = async () => {
    runtime.port = Number((await runtime.miniflare.unsafeGetDirectURL()).port);
  };
  const onRestart = () => {
    options.unsafeHandleRuntimeRestart?.();
    void findPort();
  };
  const miniflare = withoutSignalHandlers(() => new Miniflare({ ...options, unsafeHandleRuntimeRestart: onRestart }));
  const runtime: Runtime = { miniflare, port: 0 };
  try {
    await miniflare.ready;
    await findPort();
    return runtime;
  } catch (error) {
    await miniflare.dispose().catch(() => {}); // It repeats why it did not start.
    const text = error instanceof Error ? error.message : String(error);
    throw new StartError(`The Worker does not start: ${text.trim()}`, { cause: error });
  }
}

/**
 * Keeps Miniflare from ending the whole process on a signal, with its own exit code: the caller decides when to end.
 */
function withoutSignalHandlers<T>(construct: () => T): T {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const made = construct();
  signals.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.includes(listener)) process.off(signal, listener);
    }
  });
  return made;
}

function forwardLines(from: Readable, readable: ReadableLog, log: (line: string) => void) {
  createInterface({ input: from }).on("line", (line) => {
    const shown = readable.read(line, performance.now());
    if (shown !== undefined) log(shown);
  });
}

/** Picks one address: a name such as localhost can have several, and both listeners should use the same. */
async function resolveHost(host: string): Promise<string> {
  if (net.isIP(host) !== 0) return host;
  try {
    return (await lookup(host, { order: "ipv4first" })).address;
  } catch {
    throw new StartError(`Host "${host}" is not known on this machine: give --host one of its addresses, or 0.0.0.0.`);
  }
}

/** Checked before the runtime starts, because the runtime's own report of a port in use is a page long. */
async function checkPort(host: string, port: number, flag: string): Promise<void> {
  const probe = net.createServer();
  try {
    probe.listen(port, host);
    await once(probe, "listening");
  } catch (error) {
    throw portError(error as NodeJS.ErrnoException, host, port, flag);
  }
  probe.close();
  await once(probe, "close");
}

/** Makes one folder after the other: Node.js never stops trying if it has to make several at once in /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(path.dirname(folder));
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function openFolder(folder: string): Promise<FolderLock> {
  try {
    await makeFolder(path.resolve(folder));
    await makeOwnersAlone(folder);
    return lockFolder(folder);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`The data folder ${folder} ${whyNotOpened(error as NodeJS.ErrnoException)}.`, {
      cause: error,
    });
  }
}

function whyNotOpened({ code, message }: NodeJS.ErrnoException): string {
  if (code === "EBUSY") return "is in use by another server: end it, or choose another with --data";
  if (code === "ENOSPC") return "is on a disk that is full: free some space, or choose another with --data";
  const reason = code?.startsWith("E") && !code.startsWith("ERR") ? code : message;
  return `cannot be written (${reason}): choose another with --data`;
}
