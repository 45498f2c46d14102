// Automatic refreshing. It stops while the user has paused it and while the tab is hidden; the query client handles the latter.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

/** The refresh interval in milliseconds, the same as the server's sampling interval. */
export const REFRESH_MS = 5000;

/** The update interval of relative times such as "3 min ago", in milliseconds. */
const TICK_MS = 5000;

interface Live {
  paused: boolean;
  toggle: () => void;
  /** The refresh interval for queries in milliseconds; false while paused. */
  every: number | false;
}

const LiveContext = createContext<Live | null>(null);
const NowContext = createContext(0);

export function LiveProvider({ children }: { children: ReactNode }) {
  const [paused, setPaused] = useState(false);
  const [now, setNow] = useState(() => Date.now());
  const live = useMemo<Live>(
    () => ({ paused, toggle: () => setPaused((before) => !before), every: paused ? false : REFRESH_MS }),
    [paused],
  );
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), TICK_MS);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <LiveContext.Provider value={live}>
      <NowContext.Provider value={now}>{children}</NowContext.Provider>
    </LiveContext.Provider>
  );
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) {
    throw new Error("useLive needs a LiveProvider above it");
  }
  return live;
}

/** The current time for relative times, updated every few seconds. */
export function useNow(): number {
  return useContext(NowContext);
}
