// The server's state for the navigation, the header, and the title and icon of the tab.
import { useStatus } from "../api/live";
import { useFreshness } from "./freshness";

export type StateMark = "ok" | "warn" | "fail" | "silent";

interface ServerState {
  mark: StateMark;
  word: string;
}

const STATES = {
  ok: { mark: "ok", word: "OK" },
  degraded: { mark: "warn", word: "Needs attention" },
  failing: { mark: "fail", word: "Failing" },
} as const satisfies Record<string, ServerState>;

/** The state in one word. While the server does not respond, its last known state does not count. */
export function useServerState(): ServerState {
  const freshness = useFreshness();
  const { data } = useStatus();
  if (freshness.kind === "silent") {
    return { mark: "silent", word: "No response" };
  }
  return data === undefined ? { mark: "silent", word: "Loading" } : STATES[data.state];
}
