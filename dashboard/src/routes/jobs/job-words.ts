// The words for jobs: states, outcomes, priorities and texts. Independent of React.
import type { Job, JobAttempt, JobLogLine, JobState } from "../../api/types";
import { duration } from "../../format/time";
import { latency, NONE } from "../../format/numbers";
import type { Tone } from "../../parts/badge";

/** All states, in the order of a job's life. */
export const STATES = ["scheduled", "pending", "processing", "completed", "failed", "cancelled"] as const satisfies readonly JobState[];

export const STATE_TONES: Record<JobState, Tone> = {
  scheduled: "plain",
  pending: "float",
  processing: "lagoon",
  completed: "ok",
  failed: "fail",
  cancelled: "plain",
};

/** The maximum length of a payload or a result in a code block, in characters. Longer text makes the page slow. */
const TEXT_MAX = 50_000;
/** The maximum length of the error of an earlier attempt, in characters. */
const ERROR_MAX = 600;

/** The action that a job allows: a failed or cancelled job can be retried, and one that has not ended can be cancelled. */
export function actionFor({ state, is_cancelling }: Pick<Job, "state" | "is_cancelling">): "retry" | "cancel" | null {
  switch (state) {
    case "failed":
    case "cancelled":
      return "retry";
    case "completed":
      return null;
    default:
      return is_cancelling ? null : "cancel";
  }
}

export function hasEnded({ state }: Pick<Job, "state">): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** `50 (normal)`, or only the number. */
export function priorityText(priority: number): string {
  const name = { 10: "high", 50: "normal", 90: "low" }[priority];
  return name === undefined ? String(priority) : `${priority} (${name})`;
}

/** `0.42 ms`, `12 s`, `3 min 5 s`. */
export function span(milliseconds: number | null | undefined): string {
  return milliseconds == null ? NONE : milliseconds < 10_000 ? latency(milliseconds) : duration(milliseconds);
}

/** The same, for a value in seconds. */
export function seconds(value: number | null | undefined): string {
  return value == null ? NONE : span(value * 1000);
}

/** The time between two instants; null while there is no end. */
export function between(start: string | null | undefined, end: string | null | undefined): number | null {
  return start == null || end == null ? null : Math.max(0, new Date(end).getTime() - new Date(start).getTime());
}

/** The first line of an error. */
export function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!;
}

export function shortened(text: string, max = ERROR_MAX): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** A JSON value as indented text, and whether it was cut. */
export function jsonText(value: unknown, max = TEXT_MAX): { text: string; isCut: boolean } {
  const text = JSON.stringify(value, null, 2) ?? "";
  return { text: shortened(text, max), isCut: text.length > max };
}

interface Outcome {
  /** The word of the timeline: `timed out`. */
  word: string;
  tone: "plain" | "ok" | "warn" | "fail";
}

const OUTCOMES: Record<string, Outcome> = {
  completed: { word: "completed", tone: "ok" },
  failed: { word: "failed", tone: "fail" },
  snoozed: { word: "snoozed", tone: "plain" },
  released: { word: "released", tone: "plain" },
  timed_out: { word: "timed out", tone: "fail" },
  lost: { word: "lost: the worker died", tone: "warn" },
};

export function outcomeOf({ outcome }: Pick<JobAttempt, "outcome">): Outcome {
  return OUTCOMES[outcome] ?? { word: outcome.replaceAll("_", " "), tone: "plain" };
}

/** The log as text, one line per entry. The number of the attempt is shown if there are several. */
export function logText(log: readonly JobLogLine[], clock: (at: number) => string): string {
  const isRepeated = log.some(({ attempt }) => attempt !== log[0]!.attempt);
  return log.map(({ at, attempt, text }) => `${clock(new Date(at).getTime())}${isRepeated ? `  #${attempt}` : ""}  ${text}`).join("\n");
}
