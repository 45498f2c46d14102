// Errors of requests to the server, converted for display.
import type { FieldProblem, Problem } from "./types";

/** The server returned an error response. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
    /** How long to wait before retrying, in milliseconds; 0 if the server sent no `Retry-After`. */
    readonly waitMs = 0,
  ) {
    super(problem.detail);
    this.name = "ApiError";
  }
}

/** An error as the page displays it. */
export interface Trouble {
  title: string;
  detail: string | null;
  fix: string | null;
  fields: FieldProblem[];
  requestId: string | null;
}

/** The problem in a response body. Creates one if the body, such as a proxy's error page, contains none. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    return body as Problem;
  }
  return {
    type: "about:blank",
    title: "Unexpected response",
    status,
    code: "unexpected",
    detail: `The server, or a proxy in front of it, returned status ${status} without an explanation.`,
    request_id: "",
  };
}

/** Converts any error for display. */
export function trouble(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { problem } = error;
    return {
      title: sentence(problem.detail),
      detail: null,
      fix: problem.fix == null ? null : sentence(problem.fix),
      fields: problem.fields ?? [],
      // The request id helps to find server errors in the logs. It is useless for client errors such as a mistyped password.
      requestId: error.status < 500 || problem.request_id === "" ? null : problem.request_id,
    };
  }
  return {
    title: "No response",
    detail: "Outrigger is not responding. The page retries automatically.",
    fix: "Check whether the process is running: `outrigger status`",
    fields: [],
    requestId: null,
  };
}

/** The message for one field of a form, or undefined. */
export function fieldTrouble(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) {
    return undefined;
  }
  const found = error.problem.fields?.find((candidate) => candidate.field === field || candidate.field.startsWith(`${field}.`));
  if (found === undefined) {
    return undefined;
  }
  const words = FIELD_WORDS[found.code] ?? found.code.replaceAll("_", " ");
  // The limit of `too_weak` is a score that means nothing to users.
  return found.limit && found.code !== "too_weak" ? `${words} (${found.limit})` : words;
}

/** An error for a form. Each message appears once: at its field, or above the fields if the form does not have the field. */
export interface FormTrouble {
  /** The error to show above the fields; null if the messages at the fields cover it. */
  note: unknown;
  /** The message to show at a field. */
  at: (field: string) => string | undefined;
}

/** Assigns the messages of an error to the fields of a form. */
export function formTrouble(error: unknown, fields: readonly string[]): FormTrouble {
  const found = error instanceof ApiError ? (error.problem.fields ?? []) : [];
  const saysAll = found.length > 0 && found.every(({ field }) => fields.includes(field));
  const note = saysAll ? null : error;
  return {
    note,
    at: (field) => {
      if (!saysAll) {
        return undefined;
      }
      // The detail is about this field, and more specific than the code.
      const isOnly = found.every((candidate) => candidate.field === field);
      return isOnly ? sentence((error as ApiError).problem.detail) : fieldTrouble(error, field);
    },
  };
}

const FIELD_WORDS: Record<string, string> = {
  required: "Required",
  invalid: "Not valid",
  too_long: "Too long",
  too_short: "Too short",
  too_weak: "Too easy to guess",
  taken: "Already taken",
  wrong: "Incorrect",
};

/** Turns a server message, which begins in lower case, into a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") {
    return trimmed;
  }
  const first = /^[a-z][a-z'-]*(?=[\s,])/.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?:…]$/.test(first) ? first : `${first}.`;
}
