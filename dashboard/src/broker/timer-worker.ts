// Ticks for the keep alive. Browsers slow down the timers of a hidden page so much that the broker thinks its client is
// gone. They leave the timers of a worker alone.

const timers = new Map<number, number>();

self.addEventListener("message", ({ data }: MessageEvent<{ id: number; everyMs?: number }>) => {
  self.clearInterval(timers.get(data.id));
  timers.delete(data.id);
  if (data.everyMs !== undefined)
    timers.set(
      data.id,
      self.setInterval(() => self.postMessage(data.id), data.everyMs),
    );
});
