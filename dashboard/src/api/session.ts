// The current user and the session.
import { queryOptions, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { answer, api, gate } from "./client";
import { takeEarly } from "./early";
import { ApiError } from "./problem";
import type { Farewell } from "./session-gate";
import { noteSession } from "./session-note";
import { listenToTabs, notifyTabs } from "./session-tabs";
import type { Me } from "./types";

/** The current user; null if no user is logged in. */
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
 * The current user, for all pages behind the login. This is a context rather than the query, because the query becomes null when the
 * session ends, while the pages are still rendered.
 */
export const MeContext = createContext<Me | null>(null);

/** The current user, on pages behind the login. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) {
    throw new Error("a page that needs a session was shown without one");
  }
  return me;
}

/** Whether the session has ended and requests are waiting for the user to log in again. */
export function useSessionEnded(): boolean {
  return useSyncExternalStore(gate.subscribe, () => gate.isEnded);
}

/** Handles a login in this tab. If the account is not the same as before, reloads the page to remove all data of the other account. */
export function handleLogin(queries: QueryClient, who: Me): void {
  const account = idOf(who);
  notifyTabs({ kind: "signed-in", account });
  if (gate.account !== null && gate.account !== account) {
    window.location.reload();
    return;
  }
  queries.setQueryData(meQuery.queryKey, who);
  gate.enter(account);
}

/** Returns the function that logs out: on the server, in this tab and in the other tabs. */
export function useLogOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await answer(api.POST("/api/v1/access/logout")).catch(() => undefined);
    notifyTabs({ kind: "signed-out" });
    noteSession(false);
    handleSessionEnd(queries, "here");
  };
}

/** Handles the end of the session: removes all loaded data, so that the next user cannot see any of it. */
export function handleSessionEnd(queries: QueryClient, farewell: Farewell | null = null): void {
  gate.leave(farewell);
  queries.setQueryData(meQuery.queryKey, null);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] });
}

/** For pages behind the login: from now on, requests wait when the session ends. */
export function useEnter(who: Me | null | undefined): void {
  useEffect(() => {
    if (who) {
      noteSession(true);
      gate.enter(idOf(who));
    }
  }, [who]);
}

/** Handles logins and logouts in other tabs. */
export function useSessionTabs(): void {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  useEffect(
    () =>
      listenToTabs((news) => {
        if (news.kind === "signed-out") {
          handleSessionEnd(queries, "elsewhere");
          return;
        }
        if (gate.account !== null && gate.account !== news.account) {
          window.location.reload();
          return;
        }
        if (gate.account === null && gate.lastAccount !== null && gate.lastAccount !== news.account) {
          // Do not show the page of the previous user.
          navigate("/login", { replace: true });
        }
        gate.enter(news.account);
        void queries.invalidateQueries({ queryKey: meQuery.queryKey });
      }),
    [queries, navigate],
  );
}

/** The id of the account, or the kind of access if there is no account. */
export function idOf(who: Me): string {
  return who.account?.id ?? who.via;
}
