import { useEffect } from "preact/hooks";

/**
 * Asks at once and then periodically, but only while the page is visible, because each request costs the operator
 * something.
 *
 * @param everyMs from an answer to the next request
 */
export function usePoll(
  ask: () => Promise<void>,
  everyMs: number | (() => number),
  dependencies: readonly unknown[],
): void {
  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const poll = async () => {
      window.clearTimeout(timer);
      if (document.visibilityState === "visible") await ask();
      const waitMs = typeof everyMs === "number" ? everyMs : everyMs();
      // Two polls may have asked at the same time, and only one of them goes on.
      window.clearTimeout(timer);
      if (!isOver) timer = window.setTimeout(() => void poll(), waitMs);
    };
    const onVisible = () => {
      if (document.visibilityState === "visible") void poll();
    };
    document.addEventListener("visibilitychange", onVisible);
    void poll();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, dependencies);
}
