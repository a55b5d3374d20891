// A server that is killed cannot end the runtime it started, and the runtime would keep the port and the data folder
// from the next server. So each runtime gets a guard: a shell that waits for the end of a pipe from this process, and
// then kills the runtime. The operating system closes the pipe with the process.

import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import path from "node:path";

const guardScript = 'trap "" HUP INT TERM; read -r _; kill -9 "$1"';

let isSubscribed = false;
const runtimes = new Set<number>();

/** The process ids of the runtimes that run now. */
export function runtimesOfThisProcess(): readonly number[] {
  return [...runtimes];
}

/** From now on, every workerd that this process starts ends with it, also one that Miniflare starts after a crash. */
export function endRuntimesWithThisProcess(): void {
  if (isSubscribed) return;
  isSubscribed = true;
  subscribe("child_process", (message) => {
    const { process: child } = message as { process: ChildProcess };
    child.once("spawn", () => {
      if (path.basename(child.spawnfile) !== "workerd" || child.pid === undefined) return;
      const { pid } = child;
      runtimes.add(pid);
      child.once("exit", () => runtimes.delete(pid));
      guard(child);
    });
  });
}

function guard(runtime: ChildProcess): void {
  if (process.platform === "win32") return;
  const shell = spawn("/bin/sh", ["-c", guardScript, "sh", String(runtime.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {}); // No shell, no guard: the server works without.
  shell.stdin.on("error", () => {});
  shell.unref();
  runtime.once("exit", () => shell.kill("SIGKILL"));
}
