// Ticks for the keep alive. Browsers slow down the timers of a page that is not to be seen, until the broker takes its
// client for gone; those of a worker they leave alone.

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
