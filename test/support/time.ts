// For tests whose subject is time. A test that waits for something waits for that thing, never for a while.

/** Resolves after `ms`: where the passing of time itself is what the broker must notice. */
export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long `promise` took, in milliseconds. */
export async function timed(promise: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await promise;
  return performance.now() - startMs;
}
