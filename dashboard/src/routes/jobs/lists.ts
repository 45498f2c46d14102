// The requests of the page Jobs: queues, the list of jobs, and one job.
import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import type { JobState } from "../../api/types";
import { useLive } from "../../shell/live";
import { hasEnded } from "./job-words";

/** All queries of the page have keys that begin with this one. */
export const JOBS_KEY = ["jobs"];

export function useJobStats() {
  const { every } = useLive();
  return useQuery({
    queryKey: [...JOBS_KEY, "stats"],
    queryFn: () => answer(api.GET("/api/v1/jobs/stats")),
    refetchInterval: every,
  });
}

/** Which jobs to list. The server applies every field; undefined means all. */
export interface JobSelection {
  state: JobState | undefined;
  queue: string | undefined;
  class: string | undefined;
  tag: string | undefined;
}

export function useJobs(selection: JobSelection) {
  const { every } = useLive();
  return usePages(
    [...JOBS_KEY, "list", selection],
    (cursor) => answer(api.GET("/api/v1/jobs", { params: { query: { ...selection, cursor } } })),
    every,
  );
}

/** A job with its payload, attempts and log; refreshed until it has ended. Nothing is loaded for an empty id. */
export function useJob(id: string) {
  const { every } = useLive();
  return useQuery({
    queryKey: [...JOBS_KEY, "job", id],
    queryFn: () => answer(api.GET("/api/v1/jobs/{id}", { params: { path: { id } } })),
    enabled: id !== "",
    refetchInterval: ({ state }) => (state.status === "error" || (state.data !== undefined && hasEnded(state.data.job)) ? false : every),
  });
}
