// Who is signed in.
import { queryOptions, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { answer, api, gate } from "./client";
import { takeEarly } from "./early";
import { ApiError } from "./problem";
import type { Farewell } from "./session-gate";
import { noteSession } from "./session-note";
import { hearTabs, tellTabs } from "./session-tabs";
import type { Me } from "./types";

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions<Me | null>({
  queryKey: ["me"],
  queryFn: async () => {
    try {
      return await answer(api.GET("/api/v1/access/me", takeEarly()));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        return null;
      }
      throw error;
    }
  },
  staleTime: 60_000,
});

/**
 * Who is signed in, for everything behind the login. From above rather than from the query: a page that is still there while the
 * session ends would find nobody.
 */
export const MeContext = createContext<Me | null>(null);

/** Who is signed in, on pages that nobody sees without signing in. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) {
    throw new Error("a page that needs a session was shown without one");
  }
  return me;
}

/** Whether the session has ended while the page is shown, and requests wait for somebody to sign in again. */
export function useSessionEnded(): boolean {
  return useSyncExternalStore(gate.subscribe, () => gate.isEnded);
}

/** Somebody has signed in here. With another account than before, nothing of the page is theirs: it is loaded anew. */
export function welcome(queries: QueryClient, who: Me): void {
  const account = idOf(who);
  tellTabs({ kind: "signed-in", account });
  if (gate.account !== null && gate.account !== account) {
    window.location.reload();
    return;
  }
  queries.setQueryData(meQuery.queryKey, who);
  gate.enter(account);
}

/** Ends the session on the server, and then here and in the other tabs. */
export function useLogOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await answer(api.POST("/api/v1/access/logout")).catch(() => undefined);
    tellTabs({ kind: "signed-out" });
    noteSession(false);
    forget(queries, "here");
  };
}

/** Nobody is signed in any more: what was shown is for nobody's eyes, and the next person begins with nothing. */
export function forget(queries: QueryClient, farewell: Farewell | null = null): void {
  gate.leave(farewell);
  queries.setQueryData(meQuery.queryKey, null);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] });
}

/** For the page behind the login: requests wait from now on when the session ends. */
export function useEnter(who: Me | null | undefined): void {
  useEffect(() => {
    if (who) {
      noteSession(true);
      gate.enter(idOf(who));
    }
  }, [who]);
}

/** Follows what happens to the session in other tabs. */
export function useSessionTabs(): void {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  useEffect(
    () =>
      hearTabs((news) => {
        if (news.kind === "signed-out") {
          forget(queries, "elsewhere");
          return;
        }
        if (gate.account !== null && gate.account !== news.account) {
          window.location.reload();
          return;
        }
        if (gate.account === null && gate.lastAccount !== null && gate.lastAccount !== news.account) {
          // Not where the last person was.
          navigate("/login", { replace: true });
        }
        gate.enter(news.account);
        void queries.invalidateQueries({ queryKey: meQuery.queryKey });
      }),
    [queries, navigate],
  );
}

/** The account's id, or for a caller without an account the way in which it came. */
export function idOf(who: Me): string {
  return who.account?.id ?? who.via;
}
