// The open problems of the server.
import { useStatus } from "./live";
import type { ServerProblem } from "./types";

const NONE: ServerProblem[] = [];

/** The problems that need attention: open, and more severe than a notice. */
export function useOpenProblems(): ServerProblem[] {
  const { data } = useStatus();
  return data === undefined ? NONE : needingAttention(data.problems);
}

/** Removes notices and acknowledged problems. */
export function needingAttention(problems: readonly ServerProblem[]): ServerProblem[] {
  return problems.filter(({ severity, state }) => severity !== "notice" && state === "open");
}
