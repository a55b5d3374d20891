// The local server in a process of its own, as `npm start` runs it, and the memory of its two processes: Node.js with the
// TCP gateway, and workerd. Linux only, for it reads /proc.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Path } from "../support/broker.ts";
import { passed } from "../support/time.ts";

const mainFile = path.join(import.meta.dirname, "../../tools/command-line/main.ts");
const sampleEveryMs = 100;
const mebibyte = 1_048_576;

export type Memory = { readonly workerdMib: number; readonly nodeMib: number };

type Running = {
  readonly child: ChildProcess;
  readonly workerdPid: number;
  readonly webSocket: string;
  readonly tcp: string;
};

export class ServerProcess {
  /** The largest of each since the last `restartPeak`. */
  peak: Memory = { workerdMib: 0, nodeMib: 0 };
  readonly #dataDir: string;
  readonly #start: () => Promise<Running>;
  #running: Running;
  readonly #timer: NodeJS.Timeout;

  private constructor(dataDir: string, start: () => Promise<Running>, running: Running) {
    this.#dataDir = dataDir;
    this.#start = start;
    this.#running = running;
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  /** @param descriptors how many files each of its processes may open */
  static async start(variables: Readonly<Record<string, string>>, descriptors?: number): Promise<ServerProcess> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "durable-mqtt-memory-"));
    const settings = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const command = [process.execPath, mainFile, "start", "--port", "0", "--tcp", "0", "--data", dataDir, ...settings];
    const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
    const start = () => runningFrom(["-c", `${limit}exec "$@"`, "sh", ...command]);
    return new ServerProcess(dataDir, start, await start());
  }

  /** The number of databases of objects, with and without rows. */
  async databases(): Promise<number> {
    const names = await readdir(this.#dataDir, { recursive: true });
    return names.filter((name) => name.endsWith(".sqlite") && !name.endsWith("metadata.sqlite")).length;
  }

  async restart(): Promise<void> {
    await stopped(this.#running.child);
    this.#running = await this.#start();
  }

  url(way: Path, clientId: string): string {
    if (way === "TCP") return this.#running.tcp;
    const { webSocket } = this.#running;
    return way === "native WebSocket" ? `${webSocket}/${encodeURIComponent(clientId)}` : webSocket;
  }

  now(): Memory {
    const { child, workerdPid } = this.#running;
    return { workerdMib: residentMib(workerdPid), nodeMib: residentMib(child.pid as number) };
  }

  restartPeak(): void {
    this.peak = this.now();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await stopped(this.#running.child);
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #sample(): void {
    const { child, workerdPid } = this.#running;
    // Between two servers there is none to look at.
    if (child.exitCode !== null || !existsSync(`/proc/${workerdPid}/fd/0`)) return;
    const { workerdMib, nodeMib } = this.now();
    this.peak = {
      workerdMib: Math.max(this.peak.workerdMib, workerdMib),
      nodeMib: Math.max(this.peak.nodeMib, nodeMib),
    };
  }
}

async function runningFrom(command: readonly string[]): Promise<Running> {
  const child = spawn("/bin/sh", command, { stdio: ["ignore", "pipe", "inherit"] });
  const greeting = await greetingOf(child);
  const webSocket = /WebSocket {2}(?<url>\S+\/mqtt)\n/.exec(greeting)?.groups?.url;
  const tcp = /TCP +mqtt(?<url>:\S+)\n/.exec(greeting)?.groups?.url;
  const workerdPid = childrenOf(child.pid as number).find((pid) => nameOf(pid) === "workerd");
  if (webSocket === undefined || tcp === undefined || workerdPid === undefined) throw new Error(greeting);
  return { child, workerdPid, webSocket, tcp: `tcp${tcp}` };
}

async function stopped(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
  await passed(0);
}

async function greetingOf(child: ChildProcess): Promise<string> {
  let said = "";
  for await (const bytes of child.stdout ?? []) {
    said += bytes;
    if (/^ {2}data /m.test(said)) break;
  }
  return said;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}

function residentMib(pid: number): number {
  const kibibytes = /^VmRSS:\s+(?<kibibytes>\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.groups
    ?.kibibytes;
  return (Number(kibibytes) * 1024) / mebibyte;
}
