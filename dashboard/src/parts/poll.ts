import { useEffect } from "preact/hooks";

/**
 * Asks at once and then again and again, while the page can be seen: each request costs its owner something.
 *
 * @param everyMs between an answer and the next question
 */
export function usePoll(
  ask: () => Promise<void>,
  everyMs: number | (() => number),
  dependencies: readonly unknown[],
): void {
  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const turn = async () => {
      window.clearTimeout(timer);
      if (document.visibilityState === "visible") await ask();
      const waitMs = typeof everyMs === "number" ? everyMs : everyMs();
      // Two turns may have asked at the same time: one of them goes on.
      window.clearTimeout(timer);
      if (!isOver) timer = window.setTimeout(() => void turn(), waitMs);
    };
    const onVisible = () => {
      if (document.visibilityState === "visible") void turn();
    };
    document.addEventListener("visibilitychange", onVisible);
    void turn();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, dependencies);
}
