// For tests whose subject is time. A test that waits for something waits for that thing, never for a while.

/** Resolves after `ms`, for tests in which the broker must notice the passing of time itself. */
export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long `promise` took, in milliseconds. */
export async function timed(promise: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await promise;
  return performance.now() - startMs;
}
