// What happened to the sessions of a failing seed, in a file that replays.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteSessionStore } from "../../src/objects/session/sqlite-session-store.ts";
import { toJsonLine } from "../support/json-line.ts";
import { NodeSqlStorage, type SqlDump } from "../support/node-sql-storage.ts";
import { parseRecordings, replay } from "../support/session-recording.ts";
import { type PoolOptions, runSeeds } from "./pool.ts";

/**
 * Runs a seed again, this time with its sessions recorded: the same happens, since the seed decides it.
 * @param options as it was run with
 * @returns the path of the file, in the folder for temporary files
 */
export async function recordSeed(seed: number, options: PoolOptions): Promise<string> {
  const lines: string[] = [];
  await runSeeds([seed], {
    ...options,
    threads: 1,
    onTrace: undefined,
    onFailure: undefined,
    onRecorded: (line) => lines.push(line),
  });
  const folder = join(tmpdir(), "durable-mqtt-simulator");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${seed}.jsonl`);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

/**
 * Replays the sessions of a file.
 * @param onLine gets a line for each session, and with `isTraced` for each event and each effect
 * @returns how many sessions had other effects than those recorded
 */
export function replayFile(path: string, isTraced: boolean, onLine: (line: string) => void): number {
  let different = 0;
  for (const recording of parseRecordings<SqlDump>(readFileSync(path, "utf8"))) {
    const { start, steps } = recording;
    const label = `session ${start.recording} (${start.name})`;
    const store = new SqliteSessionStore(NodeSqlStorage.of(start.stored).storage);
    const { difference } = replay(recording, store, (step, effects) => {
      if (!isTraced) return;
      onLine(`${label} ${step.atMs} ${toJsonLine(step.event)}`);
      for (const effect of effects) onLine(`  ${toJsonLine(effect)}`);
    });
    const error = steps.at(-1)?.error;
    const ending = error === undefined ? "" : `, ends with ${error}`;
    if (difference === undefined) {
      onLine(`${label}: ${steps.length} events, the same effects${ending}`);
    } else {
      different += 1;
      onLine(`${label}: other effects at ${difference.step.atMs}, after ${toJsonLine(difference.step.event)}`);
      for (const effect of difference.step.effects) onLine(`  recorded ${toJsonLine(effect)}`);
      for (const effect of difference.effects) onLine(`  now      ${toJsonLine(effect)}`);
    }
  }
  return different;
}
