// How fresh the page is: live, paused, or without an answer from the server. Every figure that says "now" depends on it.
import { useStatus } from "../api/live";
import { ApiError } from "../api/problem";
import { useLive } from "./live";

export type Freshness =
  | { kind: "live"; at: number }
  /** Paused by the reader; the figures are from `at`. */
  | { kind: "paused"; at: number }
  /** The server has not answered since `at`, in milliseconds since 1970; 0 when it never did. */
  | { kind: "silent"; at: number };

/** How fresh the page is. A server that answers with an error is not silent. */
export function useFreshness(): Freshness {
  const { paused } = useLive();
  const { error, dataUpdatedAt } = useStatus();
  if (error !== null && !(error instanceof ApiError)) {
    return { kind: "silent", at: dataUpdatedAt };
  }
  return { kind: paused ? "paused" : "live", at: dataUpdatedAt };
}
