// The lists of Access, each loaded once and shared by its table and by the drawers.
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

/** The audit log, the newest entry first; `actor` and `action` as the server takes them, empty for all. */
export function useAuditLog(actor: string, action: string, limit: number) {
  return usePages(["audit", actor, action, limit], (cursor) =>
    answer(
      api.GET("/api/v1/access/audit", {
        params: { query: { cursor, limit, actor: actor === "" ? undefined : actor, action: action === "" ? undefined : action } },
      }),
    ),
  );
}

interface Loadable<Item> {
  items: Item[] | undefined;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The item with this id; loads further parts of the list until it is there. Undefined while it is not. */
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

/** Loads these lists anew, and with them the audit log. */
export function useRenew(...lists: ("accounts" | "sessions" | "tokens")[]): () => Promise<unknown> {
  const queries = useQueryClient();
  return () => Promise.all([...lists, "audit"].map((list) => queries.invalidateQueries({ queryKey: [list] })));
}
