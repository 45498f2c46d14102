// Counts down the wait that the server requires before the next attempt.
import { useEffect, useState } from "react";
import { ApiError } from "../../api/problem";

/** The remaining wait of `error` in seconds, or 0. `at` is the time when the error was received. */
export function useWait(error: unknown, at: number): number {
  const waitMs = error instanceof ApiError && error.status === 429 ? error.waitMs : 0;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (waitMs === 0) {
      return;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= at + waitMs) {
        window.clearInterval(timer);
      }
    }, 250);
    return () => window.clearInterval(timer);
  }, [at, waitMs]);
  return waitMs === 0 ? 0 : Math.max(0, Math.ceil((at + waitMs - Math.max(now, at)) / 1000));
}
