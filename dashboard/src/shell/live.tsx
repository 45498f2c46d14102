// Whether the page refreshes by itself. It stops when the tab is hidden (the query client sees to that) and when somebody
// pauses it to read.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

/** The time between two refreshes in milliseconds: the server takes a sample as often. */
export const REFRESH_MS = 5000;

interface Live {
  paused: boolean;
  toggle: () => void;
  /** For a query: how often to ask, or not at all. */
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
    const timer = window.setInterval(() => setNow(Date.now()), 15_000);
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

/** The time for "3 min ago", renewed four times a minute. */
export function useNow(): number {
  return useContext(NowContext);
}
