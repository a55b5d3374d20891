// Programs that go on until they are told to end.

/** Ending takes a few milliseconds; this is for when something hangs. */
const endWithinMs = 1_500;
const parentCheckMs = 250;

type Closable = { close(): Promise<void> };

/**
 * Runs what `start` starts until a signal, and then closes it and ends the process.
 * @param onReady not called if it is told to end before it has started
 */
export async function untilEnded<T extends Closable>(starting: Promise<T>, onReady: (started: T) => void) {
  let isEnding = false;
  onEndRequested(() => {
    if (!isEnding) void end(starting);
    isEnding = true;
  });
  const started = await starting;
  if (!isEnding) onReady(started);
}

/** npm does not pass SIGTERM on: it just ends, and leaves the program to another parent. */
function onEndRequested(act: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, act);
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => {
    if (process.ppid !== npm) act();
  }, parentCheckMs).unref();
}

/** What is acknowledged is stored, so there is nothing to write: listeners close and the runtime ends. */
async function end(starting: Promise<Closable>): Promise<void> {
  setTimeout(() => process.exit(0), endWithinMs).unref();
  const started = await starting.catch(() => undefined);
  await started?.close();
  process.exit(0);
}
