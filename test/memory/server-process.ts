// The local server in a process of its own, as `npm start` runs it, and the memory of its two processes: Node.js with the
// TCP gateway, and workerd. Linux only, for it reads /proc.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Path } from "../support/broker.ts";
import { passed } from "../support/time.ts";

const mainFile = path.join(import.meta.dirname, "../../tools/command-line/main.ts");
const sampleEveryMs = 100;
const mebibyte = 1_048_576;

export type Memory = { readonly workerdMib: number; readonly nodeMib: number };

export class ServerProcess {
  /** The largest of each since the last `restartPeak`. */
  peak: Memory = { workerdMib: 0, nodeMib: 0 };
  readonly #child: ChildProcess;
  readonly #workerdPid: number;
  readonly #addresses: { readonly webSocket: string; readonly tcp: string };
  readonly #dataDir: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    child: ChildProcess,
    workerdPid: number,
    addresses: { webSocket: string; tcp: string },
    dataDir: string,
  ) {
    this.#child = child;
    this.#workerdPid = workerdPid;
    this.#addresses = addresses;
    this.#dataDir = dataDir;
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  static async start(variables: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "durable-mqtt-memory-"));
    const settings = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const flags = ["start", "--port", "0", "--tcp", "0", "--data", dataDir, ...settings];
    const child = spawn(process.execPath, [mainFile, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const greeting = await greetingOf(child);
    const webSocket = /WebSocket {2}(?<url>\S+\/mqtt)\n/.exec(greeting)?.groups?.url;
    const tcp = /TCP +mqtt(?<url>:\S+)\n/.exec(greeting)?.groups?.url;
    const workerdPid = childrenOf(child.pid as number).find((pid) => nameOf(pid) === "workerd");
    if (webSocket === undefined || tcp === undefined || workerdPid === undefined) throw new Error(greeting);
    return new ServerProcess(child, workerdPid, { webSocket, tcp: `tcp${tcp}` }, dataDir);
  }

  url(way: Path, clientId: string): string {
    if (way === "TCP") return this.#addresses.tcp;
    const { webSocket } = this.#addresses;
    return way === "native WebSocket" ? `${webSocket}/${encodeURIComponent(clientId)}` : webSocket;
  }

  now(): Memory {
    return { workerdMib: residentMib(this.#workerdPid), nodeMib: residentMib(this.#child.pid as number) };
  }

  restartPeak(): void {
    this.peak = this.now();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exit;
    await passed(0);
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #sample(): void {
    const { workerdMib, nodeMib } = this.now();
    this.peak = {
      workerdMib: Math.max(this.peak.workerdMib, workerdMib),
      nodeMib: Math.max(this.peak.nodeMib, nodeMib),
    };
  }
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
