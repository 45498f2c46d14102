// The documentation of a key in the parts that the page shows: one sentence at first, the rest on request, and nothing that
// stands beside it anyway.
import { shown } from "../../format/toml";

export interface Documentation {
  /** The first sentence. */
  summary: string;
  /** Everything after it; empty when there is no more. */
  rest: string;
}

/** The documentation without its sentence about the default, when that says just the value `fallback`. */
export function documentationOf(text: string, fallback: unknown): Documentation {
  const whole = withoutDefault(text.replaceAll(/\s+/g, " ").trim(), fallback);
  // A sentence ends before a capital letter or code; the dots in numbers, addresses and abbreviations do not end it.
  const end = /[.!?] (?=[A-Z`])/.exec(whole);
  return end === null
    ? { summary: whole, rest: "" }
    : { summary: whole.slice(0, end.index + 1), rest: whole.slice(end.index + 2) };
}

function withoutDefault(text: string, fallback: unknown): string {
  const isNothing = fallback === null || (Array.isArray(fallback) && fallback.length === 0);
  const words = isNothing ? "(?:none|empty)" : shown(fallback).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const value = `\`?${words}\`?`;
  const says = `(?:default:? ${value}|${value} by default)`;
  return text
    .replace(new RegExp(`[;,] ${says}(?=[.;]|$)`, "i"), "")
    .replace(new RegExp(`(^|[.] )${says}[.](?: |$)`, "i"), "$1")
    .trim();
}
