// The fuzzer: many hostile clients at once against a server of their own, with well-behaved ones beside them. The judge
// is the server's health, and what those others see. Case and seed decide what a client does.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "../support/broker.ts";
import { brokenLog } from "../support/bystander.ts";
import { residentBytes, runtimePids } from "../support/runtime.ts";
import { scramUser } from "../support/scram-client.ts";
import { attack } from "./attacker.ts";
import { describeScript, scriptOf } from "./mutations.ts";
import { Witnesses } from "./witnesses.ts";

export type FuzzOptions = {
  readonly seed: number;
  readonly firstCase: number;
  /** After so many cases, or so much time. */
  readonly cases: number;
  readonly durationMs: number;
};

export type Report = {
  readonly cases: number;
  readonly findings: readonly string[];
  /** Messages of the well-behaved clients, and the longest that one took. */
  readonly witnessed: number;
  readonly slowestMs: number;
  /** Of workerd. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
};

const attackers = 6;
/** Small, so that limits are met and connections end soon. */
const variables = {
  CONNECT_TIMEOUT_SEC: "1",
  PACKET_TIMEOUT_SEC: "5",
  MAXIMUM_KEEP_ALIVE_SEC: "5",
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
/** Of growth: many sessions and connections, and none that goes on growing. */
const memoryBytes = 300_000_000;
export async function fuzz({ seed, firstCase, cases, durationMs }: FuzzOptions): Promise<Report> {
  const findings: string[] = [];
  const running = new Set<number>();
  let nextCase = firstCase;
  const replay = (from: number, count: number) => `npm run fuzz -- --seed ${seed} --from ${from} --cases ${count}`;
  const note = (what: string) => {
    const cases = [...running];
    const first = Math.min(...cases, nextCase);
    findings.push(`${what}\namid cases ${cases.join(", ")}\n${replay(first, nextCase - first)}`);
  };
  const log = (line: string) => {
    if (brokenLog.test(line)) note(`the server wrote: ${line}`);
  };
  const folder = await mkdtemp(join(tmpdir(), "durable-mqtt-fuzz-"));
  const others = new Set(runtimePids());
  const broker = await startBroker({ dataDir: folder, variables: { ...variables, SCRAM_USERS: users }, log });
  const pids = runtimePids().filter((pid) => !others.has(pid));
  const memory = () => pids.reduce((total, pid) => total + residentBytes(pid), 0);
  const witnesses = new Witnesses(note, arrivesWithinMs);
  await witnesses.start(broker);
  const bytesBefore = memory();

  const endMs = performance.now() + durationMs;
  const lastCase = firstCase + cases;
  const lingering: Promise<void>[] = [];
  const attackOnce = async (caseNumber: number) => {
    const script = scriptOf(seed, caseNumber);
    const complaint = await attack(broker, script, closesWithinMs);
    if (complaint !== undefined)
      findings.push(`case ${caseNumber}: ${complaint}\n${describeScript(script)}\n${replay(caseNumber, 1)}`);
    running.delete(caseNumber);
  };
  const attackOnAndOn = async () => {
    while (nextCase < lastCase && performance.now() < endMs && findings.length === 0) {
      const caseNumber = nextCase;
      nextCase += 1;
      running.add(caseNumber);
      const attacking = attackOnce(caseNumber);
      lingering.push(attacking);
      // Those that wait for their end do not keep others from beginning.
      await Promise.race([attacking, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    }
  };
  await Promise.all(Array.from({ length: attackers }, attackOnAndOn));
  await Promise.all(lingering);
  await witnesses.stop();

  const bytesAfter = memory();
  if (pids.some((pid) => !runtimePids().includes(pid))) note("workerd is another process than before");
  if (bytesAfter - bytesBefore > memoryBytes) note(`workerd grew from ${bytesBefore} to ${bytesAfter} bytes`);
  await broker.close();
  await rm(folder, { recursive: true, force: true });
  const { received: witnessed, slowestMs } = witnesses;
  return { cases: nextCase - firstCase, findings, witnessed, slowestMs, bytesBefore, bytesAfter };
}

const users = scramUser("user", "pencil", 4096);
