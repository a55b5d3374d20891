// What src/objects find in workerd without importing it: time, timers, chance, WebSocketPair, Response. In a thread of
// its own, so that nothing else sees them.

import { pbkdf2Sync } from "node:crypto";
import { registerHooks } from "node:module";
import type { Instance } from "./instance.ts";
import { ServerSocket } from "./socket.ts";
import type { Caller } from "./worker.ts";
import type { World } from "./world.ts";

/** `import … from "cloudflare:workers"` finds the module beside this one. */
export function simulateModules(): void {
  const url = new URL("./cloudflare-workers.ts", import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "cloudflare:workers" ? { url, shortCircuit: true } : next(specifier, context),
  });
}

/**
 * Password hashing is slow on purpose, and Node.js does it in threads, at a moment that no seed decides. Here it is
 * done at once, and with a single round.
 */
const quickHashes = {
  importKey: async (_format: string, key: Uint8Array) => key,
  deriveBits: async ({ salt }: { salt: Uint8Array }, key: Uint8Array, bits: number) =>
    Uint8Array.from(pbkdf2Sync(key, salt, 1, bits / 8, "sha256")).buffer,
};

/** Call it before each run. */
export function simulateGlobals(world: World): void {
  const { clock, ids } = world;
  Date.now = () => world.wallClock.nowMs + ((clock.running as Instance | undefined)?.host?.skewMs ?? 0);
  Math.random = () => ids.next();
  crypto.getRandomValues = (array) => {
    const bytes = array as unknown as Uint8Array;
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = ids.between(0, 255);
    return array;
  };
  Object.defineProperty(crypto, "subtle", { value: quickHashes, configurable: true });
  crypto.randomUUID = () => `${ids.between(0, 2 ** 32)}-${ids.between(0, 2 ** 32)}-0-0-0`;
  console.error = (line: string) => world.onConsole(line);
  console.warn = (line: string) => world.trace(line);
  Object.assign(globalThis, {
    WebSocketPair: class {
      readonly 0: ServerSocket;
      readonly 1: ServerSocket;

      constructor() {
        // The reply carries one end, and the object accepts the other: here both are the same.
        this[0] = new ServerSocket();
        this[1] = this[0];
      }
    },
    Response: class {
      readonly webSocket: ServerSocket | undefined;

      constructor(_body: unknown, { webSocket }: { webSocket?: ServerSocket } = {}) {
        this.webSocket = webSocket;
      }
    },
    setTimeout: (act: () => void, delayMs = 0) => {
      const caller = clock.running as Caller;
      const timer = clock.after(delayMs, caller, () => {
        caller.timers.delete(timer);
        act();
      });
      caller.timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: ReturnType<World["clock"]["after"]> | undefined) => {
      if (timer === undefined) return;
      timer.isCancelled = true;
      (timer.owner as Caller).timers.delete(timer);
    },
  });
}
