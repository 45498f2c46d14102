// Splits the documentation of a key into the first sentence and the rest, and removes the default, which the page shows separately.
import { shown } from "../../format/toml";

export interface Documentation {
  /** The first sentence. */
  summary: string;
  /** The text after the first sentence; may be empty. */
  rest: string;
}

/** Splits the documentation. Removes the sentence about the default if it only repeats the value `fallback`. */
export function documentationOf(text: string, fallback: unknown): Documentation {
  const whole = withoutDefault(text.replaceAll(/\s+/g, " ").trim(), fallback);
  // A sentence ends before a capital letter or code. Dots in numbers, addresses and abbreviations do not end a sentence.
  const end = /[.!?] (?=[A-Z`])/.exec(whole);
  return end === null
    ? { summary: whole, rest: "" }
    : { summary: whole.slice(0, end.index + 1), rest: whole.slice(end.index + 2) };
}

function withoutDefault(text: string, fallback: unknown): string {
  const isNothing = fallback === null || (Array.isArray(fallback) && fallback.length === 0);
  const words = isNothing ? "(?:none|empty)" : shown(fallback).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const value = `\`?${words}\`?`;
  const phrase = `(?:default:? ${value}|${value} by default)`;
  return text
    .replace(new RegExp(`[;,] ${phrase}(?=[.;]|$)`, "i"), "")
    .replace(new RegExp(`(^|[.] )${phrase}[.](?: |$)`, "i"), "$1")
    .trim();
}
