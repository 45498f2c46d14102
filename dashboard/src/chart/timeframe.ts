// The time range that the charts of a page share, with its samples and events.
import { useCallback, useMemo } from "react";
import { between, NO_HISTORY } from "../api/history";
import { useEvents, useHistory } from "../api/live";
import type { History } from "../api/types";
import { clock } from "../format/time";
import { useNow } from "../shell/live";
import { useFreshness } from "../shell/freshness";
import { useRange } from "../shell/range";
import type { Mark } from "./plot";

export interface Timeframe {
  /** The start of the axis in milliseconds since 1970. The axis covers the whole range, even where there are no samples. */
  from: number;
  to: number;
  history: History;
  marks: readonly Mark[];
  /** The label of the latest value: `now`, or the time of the last sample if the page is paused or the server does not respond. */
  latest: string;
  loading: boolean;
  error: Error | null;
  retry: () => void;
  /** Narrows the shared range. */
  zoom: (from: number, to: number) => void;
}

export function useTimeframe(): Timeframe {
  const [range, setRange] = useRange();
  const { data, error, refetch, isPending } = useHistory(range);
  const freshness = useFreshness();
  const now = useNow();
  const events = useEvents(range);
  const last = data?.at_ms.at(-1);
  // A live chart ends at its last sample, so that the line reaches the edge. A paused chart does not move.
  const to = range.kind === "fixed" ? range.to : freshness.kind === "live" ? Math.max(last ?? 0, now - (data?.interval_ms ?? 0) * 3) : (last ?? now);
  const from = to - range.span;
  const history = useMemo(() => between(data ?? NO_HISTORY, from, to), [data, from, to]);
  const zoom = useCallback((start: number, end: number) => setRange({ from: start, to: end }), [setRange]);
  const at = history.at_ms.at(-1);
  return useMemo(
    () => ({
      from,
      to,
      history,
      marks: events.filter((mark) => mark.at >= from && mark.at <= to),
      latest: range.kind === "last" && freshness.kind === "live" ? "now" : at === undefined ? "" : clock(at),
      loading: isPending,
      error: data === undefined ? error : null,
      retry: () => void refetch(),
      zoom,
    }),
    [from, to, history, events, range.kind, freshness.kind, at, isPending, data, error, refetch, zoom],
  );
}
