// The freshness of the data: live, paused, or not updated because the server does not respond. Labels such as "now" depend on it.
import { useStatus } from "../api/live";
import { ApiError } from "../api/problem";
import { useLive } from "./live";

export type Freshness =
  | { kind: "live"; at: number }
  /** Paused by the user; the data is from `at`. */
  | { kind: "paused"; at: number }
  /** The server has not responded since `at`, in milliseconds since 1970; 0 if it never responded. */
  | { kind: "silent"; at: number };

/** The freshness of the data. A server that returns errors counts as responding. */
export function useFreshness(): Freshness {
  const { paused } = useLive();
  const { error, dataUpdatedAt } = useStatus();
  if (error !== null && !(error instanceof ApiError)) {
    return { kind: "silent", at: dataUpdatedAt };
  }
  return { kind: paused ? "paused" : "live", at: dataUpdatedAt };
}
