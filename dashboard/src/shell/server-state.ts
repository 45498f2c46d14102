// The server's state as every page shows it: in the rail, in the header, in the tab's title and icon.
import { useStatus } from "../api/live";
import { useFreshness } from "./freshness";

export type StateMark = "ok" | "warn" | "fail" | "silent";

interface ServerState {
  mark: StateMark;
  word: string;
}

const STATES = {
  ok: { mark: "ok", word: "All well" },
  degraded: { mark: "warn", word: "Needs attention" },
  failing: { mark: "fail", word: "Failing" },
} as const satisfies Record<string, ServerState>;

/** The state in one word. A server that does not answer has none, whatever it said last. */
export function useServerState(): ServerState {
  const freshness = useFreshness();
  const { data } = useStatus();
  if (freshness.kind === "silent") {
    return { mark: "silent", word: "No answer" };
  }
  return data === undefined ? { mark: "silent", word: "Loading" } : STATES[data.state];
}
