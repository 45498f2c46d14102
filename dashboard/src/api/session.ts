// Who is signed in.
import { queryOptions, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { answer, api } from "./client";
import { ApiError } from "./problem";
import type { Me } from "./types";

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions<Me | null>({
  queryKey: ["me"],
  queryFn: async () => {
    try {
      return await answer(api.GET("/api/v1/access/me"));
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

/** Ends the session on the server, and then here. */
export function useLogOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await answer(api.POST("/api/v1/access/logout")).catch(() => undefined);
    forget(queries);
  };
}

/** Nobody is signed in any more: what was shown is for nobody's eyes, and whoever comes next begins with nothing. */
export function forget(queries: QueryClient): void {
  queries.setQueryData(meQuery.queryKey, null);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] });
}
