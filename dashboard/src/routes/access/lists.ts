// The lists of the page Access. Each is loaded once and shared by its table and the drawers.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";

export function useAccounts() {
  return usePages(["accounts"], (cursor) => answer(api.GET("/api/v1/access/accounts", { params: { query: { cursor } } })));
}

export function useSessions() {
  return usePages(["sessions"], (cursor) => answer(api.GET("/api/v1/access/sessions", { params: { query: { cursor } } })));
}

export function useTokens() {
  return usePages(["tokens"], (cursor) => answer(api.GET("/api/v1/access/tokens", { params: { query: { cursor } } })));
}

/** Which entries of the audit log to load. The server applies every field; undefined means all. */
export interface AuditSelection {
  actor?: string | undefined;
  action?: string | undefined;
  /** The id of the object. */
  target?: string | undefined;
  outcome?: "ok" | "failed" | undefined;
  /** The age of the oldest entry, in milliseconds. */
  age?: number | undefined;
}

/** The audit log, newest entry first. */
export function useAuditLog({ age, ...filter }: AuditSelection, limit: number) {
  return usePages(["audit", filter, age, limit], (cursor) => {
    const since = age === undefined ? undefined : new Date(Date.now() - age).toISOString();
    return answer(api.GET("/api/v1/access/audit", { params: { query: { cursor, limit, since, ...filter } } }));
  });
}

interface Loadable<Item> {
  items: Item[] | undefined;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The item with this id. Loads more pages of the list until one contains it; undefined until then. */
export function useItem<Item extends { id: string }>(list: Loadable<Item>, id: string | undefined): Item | undefined {
  const found = list.items?.find((item) => item.id === id);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const looking = id !== undefined && found === undefined && list.items !== undefined && hasNextPage && !isFetchingNextPage;
  useEffect(() => {
    if (looking) {
      void fetchNextPage();
    }
  }, [looking, fetchNextPage]);
  return found;
}

/** Reloads these lists and the audit log. */
export function useRenew(...lists: ("accounts" | "sessions" | "tokens")[]): () => Promise<unknown> {
  const queries = useQueryClient();
  return () => Promise.all([...lists, "audit"].map((list) => queries.invalidateQueries({ queryKey: [list] })));
}
