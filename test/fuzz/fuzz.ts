// The fuzzer: many hostile clients at once against a server of their own, with well-behaved ones beside them. The judge
// is the server's health, and what those others see. Case and seed decide what a client does.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, startBroker } from "../support/broker.ts";
import { brokenLog } from "../support/bystander.ts";
import { isRunning, residentBytes, runtimePids } from "../support/runtime.ts";
import { scramUser } from "../support/scram-client.ts";
import { passed } from "../support/time.ts";
import { attack } from "./attacker.ts";
import { describeScript, scriptOf } from "./mutations.ts";
import { Witnesses } from "./witnesses.ts";

export type FuzzOptions = {
  readonly seed: number;
  readonly firstCase: number;
  /** When to stop: after a number of cases, or after a time. */
  readonly cases: number;
  readonly durationMs: number;
  /** Each minute. */
  readonly onProgress?: (progress: Progress) => void;
};

export type Progress = {
  readonly cases: number;
  /** Resident memory of workerd. */
  readonly bytes: number;
};

export type Report = Progress & {
  readonly findings: readonly string[];
  /** How often each was made. */
  readonly mutations: ReadonlyMap<string, number>;
  /** Messages of the well-behaved clients, and the longest that one took. */
  readonly witnessed: number;
  readonly slowestMs: number;
  readonly bytesBefore: number;
  readonly mostBytes: number;
};

const attackers = 6;
/** Small, so that limits are met and connections end soon. */
const variables = {
  CONNECT_TIMEOUT_SEC: "1",
  PACKET_TIMEOUT_SEC: "5",
  MAXIMUM_KEEP_ALIVE_SEC: "5",
  MAXIMUM_SESSION_EXPIRY_SEC: "10",
  MAXIMUM_PACKET_BYTES: "150000",
  MAXIMUM_QUEUED_MESSAGES: "200",
  MAXIMUM_SUBSCRIPTIONS: "5",
  MAXIMUM_RETAINED_MESSAGES: "50",
  RECEIVE_MAXIMUM: "10",
  MAXIMUM_USER_PROPERTIES: "10",
};
/** 1.5 times the keep alive, the 10 s until an object hibernates, and a busy machine. */
const closesWithinMs = 25_000;
const arrivesWithinMs = 10_000;
/** That workerd may take. */
const memoryBytes = 600_000_000;
const progressEveryMs = 60_000;
const sampleEveryMs = 1_000;
const users = scramUser("user", "pencil", 4096);

export async function fuzz(options: FuzzOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "durable-mqtt-fuzz-"));
  const fuzzer = new Fuzzer(options);
  try {
    return await fuzzer.run(folder);
  } finally {
    await fuzzer.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Fuzzer {
  readonly #options: FuzzOptions;
  readonly #findings: string[] = [];
  readonly #mutations = new Map<string, number>();
  /** Numbers of the cases that go on. */
  readonly #running = new Set<number>();
  readonly #attacks: Promise<void>[] = [];
  #nextCase: number;
  #broker!: Broker;
  #pids: number[] = [];
  #mostBytes = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#nextCase = options.firstCase;
  }

  async run(dataDir: string): Promise<Report> {
    const log = (line: string) => {
      if (brokenLog.test(line)) this.#note(`the server wrote: ${line}`);
    };
    this.#broker = await startBroker({ dataDir, variables: { ...variables, SCRAM_USERS: users }, log });
    this.#pids = runtimePids();
    const witnesses = new Witnesses((finding) => this.#note(finding), arrivesWithinMs);
    await witnesses.start(this.#broker);
    const bytesBefore = this.#bytes();

    const timers = [
      setInterval(() => this.#bytes(), sampleEveryMs),
      setInterval(() => this.#options.onProgress?.(this.#progress()), progressEveryMs),
    ];
    await this.#attackAll();
    for (const timer of timers) clearInterval(timer);
    await witnesses.stop();
    if (!this.#pids.every(isRunning)) this.#note("workerd has ended");
    const progress = this.#progress();
    if (this.#mostBytes > memoryBytes) this.#note(`workerd took ${this.#mostBytes} bytes`);
    const { received: witnessed, slowestMs } = witnesses;
    const [findings, mutations, mostBytes] = [this.#findings, this.#mutations, this.#mostBytes];
    return { ...progress, findings, mutations, witnessed, slowestMs, bytesBefore, mostBytes };
  }

  async close(): Promise<void> {
    await this.#broker?.close();
  }

  async #attackAll(): Promise<void> {
    const { firstCase, cases, durationMs } = this.#options;
    const endMs = performance.now() + durationMs;
    const attackOnAndOn = async () => {
      while (this.#nextCase < firstCase + cases && performance.now() < endMs && this.#findings.length === 0) {
        const attacking = this.#attack(this.#nextCase);
        this.#nextCase += 1;
        this.#attacks.push(attacking);
        // Cases that wait for their end do not keep others from beginning.
        await Promise.race([attacking, passed(1_000)]);
      }
    };
    await Promise.all(Array.from({ length: attackers }, attackOnAndOn));
    await Promise.all(this.#attacks);
  }

  async #attack(caseNumber: number): Promise<void> {
    this.#running.add(caseNumber);
    const script = scriptOf(this.#options.seed, caseNumber);
    for (const name of script.mutations) this.#mutations.set(name, (this.#mutations.get(name) ?? 0) + 1);
    const complaint = await attack(this.#broker, script, closesWithinMs);
    if (complaint !== undefined) {
      const replay = this.#replay(caseNumber, 1);
      this.#findings.push(`case ${caseNumber}: ${complaint}\n${describeScript(script)}\n${replay}`);
    }
    this.#running.delete(caseNumber);
  }

  /** A finding that may be the work of any of the cases that go on. */
  #note(what: string): void {
    const cases = [...this.#running];
    const first = Math.min(...cases, this.#nextCase);
    const replay = this.#replay(first, this.#nextCase - first);
    this.#findings.push(`${what}\namid cases ${cases.join(", ")}\n${replay}`);
  }

  #replay(from: number, count: number): string {
    return `npm run fuzz -- --seed ${this.#options.seed} --from ${from} --cases ${count}`;
  }

  #progress(): Progress {
    return { cases: this.#nextCase - this.#options.firstCase, bytes: this.#bytes() };
  }

  #bytes(): number {
    const bytes = residentBytes(this.#pids);
    this.#mostBytes = Math.max(this.#mostBytes, bytes);
    return bytes;
  }
}
