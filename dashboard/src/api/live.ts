// What refreshes by itself: the state, the figures of the last hour, the cache.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useLive } from "../shell/live";
import { answer, api } from "./client";
import { append, NO_HISTORY, since } from "./history";
import type { History } from "./types";

const HISTORY_KEY = ["status", "history"];

export function useStatus() {
  const { every } = useLive();
  return useQuery({
    queryKey: ["status"],
    queryFn: () => answer(api.GET("/api/v1/status")),
    refetchInterval: every,
  });
}

/** The figures of the last hour; each refresh asks only for what is new. */
export function useHistory() {
  const { every } = useLive();
  const queries = useQueryClient();
  return useQuery({
    queryKey: HISTORY_KEY,
    queryFn: async (): Promise<History> => {
      const known = queries.getQueryData<History>(HISTORY_KEY) ?? NO_HISTORY;
      const after = since(known);
      const fresh = await answer(api.GET("/api/v1/status/history", { params: { query: after ? { since: after } : {} } }));
      return append(known, fresh);
    },
    structuralSharing: false,
    refetchInterval: every,
  });
}

export function useCacheStats() {
  const { every } = useLive();
  return useQuery({
    queryKey: ["cache", "stats"],
    queryFn: () => answer(api.GET("/api/v1/cache/stats")),
    refetchInterval: every,
  });
}
