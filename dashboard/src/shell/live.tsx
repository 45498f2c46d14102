// Whether the page refreshes by itself, and whether the server answers. Refreshing stops while the tab is hidden (the query
// client does that) and while it is paused.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

/** The time between two refreshes in milliseconds. The server takes a sample as often. */
export const REFRESH_MS = 5000;

/** How often relative times such as "3 min ago" are renewed, in milliseconds. */
const TICK_MS = 5000;

interface Live {
  paused: boolean;
  toggle: () => void;
  /** The interval for a query in milliseconds, or false while the page is paused. */
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

/** The current time for relative times, renewed every few seconds. */
export function useNow(): number {
  return useContext(NowContext);
}
