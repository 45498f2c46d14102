// The configuration. It is read when the server starts, so it never changes while a page is open.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { sectionOf } from "../format/toml";
import { answer, api } from "./client";

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: () => answer(api.GET("/api/v1/config")),
  staleTime: Number.POSITIVE_INFINITY,
});

export interface KeyName {
  /** As in `cache.memory`. */
  name: string;
  section: string;
}

/** The names of all configuration keys; empty until they have arrived. Nothing is asked while it is not `enabled`. */
export function useConfigKeys(enabled = true): KeyName[] {
  const { data } = useQuery({ ...configQuery, enabled });
  return (data?.items ?? []).map(({ key }) => ({ name: key, section: sectionOf(key) }));
}

/** The page that shows a key, and marks it there. */
export function keyPath(name: string): string {
  return `/configuration?key=${encodeURIComponent(name)}`;
}
