// Programs that go on until they are told to end.

/** Ending takes a few milliseconds; this is for when something hangs. */
const endWithinMs = 1_500;
const parentCheckMs = 250;

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

type Closable = { close(): Promise<void> };

/**
 * Runs what `start` starts until a signal, and then closes it and ends the process.
 * @param onReady not called if it is told to end before it has started
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
 * npm does not pass SIGTERM on: it just ends, and leaves the program to another parent.
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

/** What is acknowledged is stored, so there is nothing to write: listeners close and the runtime ends. */
async function end(starting: Promise<Closable>): Promise<void> {
  setTimeout(() => process.exit(0), endWithinMs).unref();
  const started = await starting.catch(() => undefined);
  await started?.close();
  process.exit(0);
}
