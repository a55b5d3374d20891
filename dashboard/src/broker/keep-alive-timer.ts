// The timer that keeps the connection of MQTT.js alive. The library's own timer is a worker from a blob: address, which
// the page's Content-Security-Policy refuses.

import TimerWorker from "./timer-worker.ts?worker";

const acts = new Map<number, () => void>();
let lastId = 0;
let worker: Worker | undefined;

export const keepAliveTimer = {
  set(act: () => void, everyMs: number): number {
    const id = ++lastId;
    acts.set(id, act);
    startedWorker().postMessage({ id, everyMs });
    return id;
  },
  clear(id: number): void {
    acts.delete(id);
    startedWorker().postMessage({ id });
  },
};

function startedWorker(): Worker {
  if (worker === undefined) {
    worker = new TimerWorker();
    worker.addEventListener("message", ({ data }: MessageEvent<number>) => acts.get(data)?.());
  }
  return worker;
}
