// The time range that all charts, tiles and tables share. It is kept in the URL, so that a shared link shows the same range, and it is
// preserved when the user opens another page.
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useLocation, useSearch } from "wouter";
import { withParameters } from "./url-state";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The ranges that end now. */
export const RANGES = [
  { name: "15m", label: "15 min", words: "the last 15 minutes", span: 15 * MINUTE },
  { name: "1h", label: "1 h", words: "the last hour", span: HOUR },
  { name: "6h", label: "6 h", words: "the last 6 hours", span: 6 * HOUR },
  { name: "24h", label: "24 h", words: "the last 24 hours", span: DAY },
  { name: "7d", label: "7 days", words: "the last 7 days", span: 7 * DAY },
  { name: "30d", label: "30 days", words: "the last 30 days", span: 30 * DAY },
] as const;

export type RangeName = (typeof RANGES)[number]["name"];

const FALLBACK = RANGES[0];
const MIN_SPAN = MINUTE;

/** A time range: either the last `span` milliseconds, or fixed. */
export type Range =
  | { kind: "last"; name: RangeName; label: string; words: string; span: number }
  | { kind: "fixed"; from: number; to: number; span: number };

/** Reads the range from a URL query; returns the last 15 minutes if it contains no valid range. */
export function rangeFrom(query: string): Range {
  const parameters = new URLSearchParams(query);
  const from = Number(parameters.get("from") ?? Number.NaN);
  const to = Number(parameters.get("to") ?? Number.NaN);
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from > 0 && to - from >= MIN_SPAN) {
    return { kind: "fixed", from, to, span: to - from };
  }
  const known = RANGES.find(({ name }) => name === parameters.get("range")) ?? FALLBACK;
  return { kind: "last", ...known };
}

/** The URL parameters of a range. Empty ones are removed from the URL. */
export function parametersOf(range: RangeName | { from: number; to: number }): Record<string, string> {
  if (typeof range === "string") {
    return { range: range === FALLBACK.name ? "" : range, from: "", to: "" };
  }
  const from = Math.round(range.from);
  return { range: "", from: String(from), to: String(Math.max(Math.round(range.to), from + MIN_SPAN)) };
}

/** The shared range and the function that changes it. */
export function useRange(): [Range, (range: RangeName | { from: number; to: number }) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const range = useMemo(() => rangeFrom(search), [search]);
  const set = useCallback(
    (next: RangeName | { from: number; to: number }) => navigate(path + withParameters(window.location.search, parametersOf(next))),
    [path, navigate],
  );
  return [range, set];
}

/** Preserves the range between pages: a URL without a range gets the range of the previous page. */
export function useRangeFollows(): void {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const last = useRef({ path, chosen: "" });
  useEffect(() => {
    const own = rangeOf(search);
    const { path: before, chosen } = last.current;
    if (own === "" && chosen !== "" && before !== path) {
      last.current = { path, chosen };
      navigate(path + withParameters(search, Object.fromEntries(new URLSearchParams(chosen))), { replace: true });
    } else {
      last.current = { path, chosen: own };
    }
  }, [path, search, navigate]);
}

/** The range parameters of a query. */
function rangeOf(query: string): string {
  const kept = [...new URLSearchParams(query)].filter(([name]) => name === "range" || name === "from" || name === "to");
  return new URLSearchParams(kept).toString();
}
