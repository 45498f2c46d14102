// Queries that refresh automatically: status, history, events and cache statistics.
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Mark } from "../chart/plot";
import { useLive } from "../shell/live";
import type { Range } from "../shell/range";
import { answer, api } from "./client";
import { append, HISTORY_MS, NO_HISTORY, since, withoutEmptyEnd } from "./history";
import type { History } from "./types";

const LIVE_KEY = ["status", "history"];

/** The refresh interval for ranges longer than the live hour, in milliseconds. Their samples are at least a minute apart. */
const PAST_REFRESH_MS = 60_000;
const EVENTS_REFRESH_MS = 30_000;
const EVENTS_LIMIT = 200;

export function useStatus() {
  const { every } = useLive();
  return useQuery({
    queryKey: ["status"],
    queryFn: () => answer(api.GET("/api/v1/status")),
    refetchInterval: every,
  });
}

/**
 * The samples of a range. The last hour is kept in the page, so that each refresh requests only new samples. For longer ranges, the
 * server returns as many points as a chart can show.
 */
export function useHistory(range: Range) {
  const { every } = useLive();
  const queries = useQueryClient();
  const isLive = range.kind === "last" && range.span <= HISTORY_MS;
  return useQuery({
    queryKey: isLive ? LIVE_KEY : [...LIVE_KEY, range],
    queryFn: async (): Promise<History> => {
      if (!isLive) {
        const [from, to] = range.kind === "fixed" ? [range.from, range.to] : [Date.now() - range.span, Date.now()];
        return answer(api.GET("/api/v1/status/history", { params: { query: { from: instant(from), to: instant(to) } } }));
      }
      const known = queries.getQueryData<History>(LIVE_KEY) ?? NO_HISTORY;
      const after = since(known);
      // The first request asks by time, which includes what an earlier process recorded.
      const query = after === undefined ? { from: instant(Date.now() - HISTORY_MS), to: instant(Date.now()) } : { since: after };
      const fresh = await answer(api.GET("/api/v1/status/history", { params: { query } }));
      return append(known, after === undefined ? withoutEmptyEnd(fresh) : fresh);
    },
    structuralSharing: false,
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? every : every !== false && range.kind === "last" && PAST_REFRESH_MS,
  });
}

/** The latest events, newest first. */
export function useRecentEvents(limit: number) {
  const { every } = useLive();
  return useQuery({
    queryKey: ["events", limit],
    queryFn: async () => (await answer(api.GET("/api/v1/events", { params: { query: { limit } } }))).items,
    refetchInterval: every !== false && EVENTS_REFRESH_MS,
  });
}

/** The events in a range, which the charts mark. */
export function useEvents(range: Range): readonly Mark[] {
  const { every } = useLive();
  const { data } = useQuery({
    queryKey: ["events", range],
    queryFn: async () => {
      const from = range.kind === "fixed" ? range.from : Date.now() - range.span;
      const to = range.kind === "fixed" ? { to: instant(range.to) } : {};
      return (await answer(api.GET("/api/v1/events", { params: { query: { from: instant(from), ...to, limit: EVENTS_LIMIT } } }))).items;
    },
    placeholderData: keepPreviousData,
    refetchInterval: every !== false && range.kind === "last" && EVENTS_REFRESH_MS,
  });
  return useMemo(() => (data ?? []).map(({ at, title, kind }) => ({ at: new Date(at).getTime(), title, kind })), [data]);
}

export function useCacheStats() {
  const { every } = useLive();
  return useQuery({
    queryKey: ["cache", "stats"],
    queryFn: () => answer(api.GET("/api/v1/cache/stats")),
    refetchInterval: every,
  });
}

function instant(at: number): string {
  return new Date(at).toISOString();
}
