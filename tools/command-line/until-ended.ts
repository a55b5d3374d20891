// Programs that run until a signal ends them.

/** Ending takes a few milliseconds; after this time something hangs. */
const endWithinMs = 1_500;
const parentCheckMs = 250;

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

type Closable = { close(): Promise<void> };

/**
 * Waits for a signal, then closes what `starting` has started and ends the process.
 * @param onReady not called if the signal comes before the start is complete
 */
export async function untilEnded<T extends Closable>(starting: Promise<T>, onReady: (started: T) => void) {
  let isEnding = false;
  const forget = onEndRequested(() => {
    if (!isEnding) void end(starting);
    isEnding = true;
  });
  const started = await starting.catch((error) => {
    forget();
    throw error;
  });
  if (!isEnding) onReady(started);
}

/**
 * Calls `act` on a signal. npm does not pass SIGTERM on but ends, so a new parent process counts as one.
 * @returns stops listening
 */
function onEndRequested(act: () => void): () => void {
  for (const signal of endSignals) process.on(signal, act);
  const npm = process.env.npm_lifecycle_event === undefined ? undefined : process.ppid;
  const timer = setInterval(() => {
    if (npm !== undefined && process.ppid !== npm) act();
  }, parentCheckMs).unref();
  return () => {
    for (const signal of endSignals) process.off(signal, act);
    clearInterval(timer);
  };
}

/** Nothing has to be written: what is acknowledged is stored already. */
async function end(starting: Promise<Closable>): Promise<void> {
  setTimeout(() => process.exit(0), endWithinMs).unref();
  const started = await starting.catch(() => undefined);
  await started?.close();
  process.exit(0);
}
