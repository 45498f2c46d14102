// A wait that the server asked for, counted down where somebody stands before it.
import { useEffect, useState } from "react";
import { ApiError } from "../../api/problem";

/** The seconds that are left of the wait in `error`, or 0; `at` is when the error came. */
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
