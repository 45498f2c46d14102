// The configuration of the server. The server reads it at startup, so it does not change while a page is open.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { sectionOf } from "../format/toml";
import { answer, api } from "./client";

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: () => answer(api.GET("/api/v1/config")),
  staleTime: Number.POSITIVE_INFINITY,
});

export interface KeyName {
  /** The full name, such as `cache.memory`. */
  name: string;
  section: string;
}

/** The names of all configuration keys; empty until they are loaded. Nothing is requested unless `enabled` is true. */
export function useConfigKeys(enabled = true): KeyName[] {
  const { data } = useQuery({ ...configQuery, enabled });
  return (data?.items ?? []).map(({ key }) => ({ name: key, section: sectionOf(key) }));
}

/** The URL of the Configuration page with a key marked. */
export function keyPath(name: string): string {
  return `/configuration?key=${encodeURIComponent(name)}`;
}
