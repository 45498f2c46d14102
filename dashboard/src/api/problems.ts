// The problems of the server: those that need a person now.
import { useStatus } from "./live";
import type { ServerProblem } from "./types";

const NONE: ServerProblem[] = [];

/** The problems that need a person: open, and more than a notice. */
export function useOpenProblems(): ServerProblem[] {
  const { data } = useStatus();
  return data === undefined ? NONE : needingAttention(data.problems);
}

/** Leaves out notices and what somebody has acknowledged. */
export function needingAttention(problems: readonly ServerProblem[]): ServerProblem[] {
  return problems.filter(({ severity, state }) => severity !== "notice" && state === "open");
}
