// What can go wrong between the page and the server, in a shape that a page can show.
import type { FieldProblem, Problem } from "./types";

/** The server answered with an error. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
    /** How long to wait before trying again, in milliseconds; 0 when the server names no time. */
    readonly waitMs = 0,
  ) {
    super(problem.detail);
    this.name = "ApiError";
  }
}

/** What to tell a person about a failure. */
export interface Trouble {
  title: string;
  detail: string | null;
  fix: string | null;
  fields: FieldProblem[];
  requestId: string | null;
}

/** A problem out of whatever the server or a proxy before it answered. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    return body as Problem;
  }
  return {
    type: "about:blank",
    title: "Unexpected answer",
    status,
    code: "unexpected",
    detail: `The server, or a proxy in front of it, answered with status ${status} and no explanation.`,
    request_id: "",
  };
}

/** Any failure in words. */
export function trouble(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { problem } = error;
    return {
      title: sentence(problem.detail),
      detail: null,
      fix: problem.fix == null ? null : sentence(problem.fix),
      fields: problem.fields ?? [],
      // Whoever mistypes a password has no use for it; whoever looks for a fault in the logs has.
      requestId: error.status < 500 || problem.request_id === "" ? null : problem.request_id,
    };
  }
  return {
    title: "No answer",
    detail: "Outrigger does not answer. The page tries again by itself.",
    fix: "See whether the process runs: `outrigger status`",
    fields: [],
    requestId: null,
  };
}

/** What is wrong with one field of a form, in words, or undefined. */
export function fieldTrouble(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) {
    return undefined;
  }
  const found = error.problem.fields?.find((candidate) => candidate.field === field || candidate.field.startsWith(`${field}.`));
  if (found === undefined) {
    return undefined;
  }
  const words = FIELD_WORDS[found.code] ?? found.code.replaceAll("_", " ");
  // The limit of a guess is a score that means nothing to a person.
  return found.limit && found.code !== "too_weak" ? `${words} (${found.limit})` : words;
}

/** An error for a form: each thing is said once, at its field where the form has that, in the note above the fields otherwise. */
export interface FormTrouble {
  /** What to show above the fields; null when the fields say everything. */
  note: unknown;
  /** What to show at a field. */
  at: (field: string) => string | undefined;
}

/** Distributes an error over the fields of a form. */
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
      // Then the sentence is about this field, and says more than the code.
      const isOnly = found.every((candidate) => candidate.field === field);
      return isOnly ? sentence((error as ApiError).problem.detail) : fieldTrouble(error, field);
    },
  };
}

const FIELD_WORDS: Record<string, string> = {
  required: "This is needed",
  invalid: "This is not valid",
  too_long: "Too long",
  too_short: "Too short",
  too_weak: "Too easy to guess",
  taken: "Already taken",
  wrong: "This is not right",
};

/** Messages begin in lower case where they are logged; on a page they are sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") {
    return trimmed;
  }
  const first = /^[a-z][a-z'-]*(?=[\s,])/.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?:…]$/.test(first) ? first : `${first}.`;
}
