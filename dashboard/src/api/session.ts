// Who is signed in.
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
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

/** Who is signed in, on pages that nobody sees without signing in. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) {
    throw new Error("a page that needs a session was shown without one");
  }
  return data;
}

/** Leaves: ends the session on the server, then forgets everything that was shown. */
export function useLogOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await answer(api.POST("/api/v1/access/logout")).catch(() => undefined);
    queries.clear();
    queries.setQueryData(meQuery.queryKey, null);
  };
}
