// Page state in the URL, so that it survives reloading, the Back button and sharing a link.
import { useCallback } from "react";
import { useLocation, useSearch } from "wouter";

/** One of the known values, or the default for a missing or unknown value. */
export function wordOf<Word extends string>(text: string | null, words: readonly Word[], fallback: Word): Word {
  return words.find((word) => word === text) ?? fallback;
}

/** The query with some parameters changed. Empty parameters are removed. */
export function withParameters(query: string, changes: Record<string, string>): string {
  const after = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") {
      after.delete(name);
    } else {
      after.set(name, value);
    }
  }
  const text = after.toString();
  return text === "" ? "" : `?${text}`;
}

/** Changes several URL parameters at once. `replace` avoids a history entry for every typed letter. */
export function useUrlChange(): (changes: Record<string, string>, options?: { replace: boolean }) => void {
  const [path, navigate] = useLocation();
  return useCallback(
    (changes, options) => navigate(path + withParameters(window.location.search, changes), options),
    [path, navigate],
  );
}

/** A text parameter of the URL; empty if absent. */
export function useUrlText(name: string): [string, (value: string) => void] {
  const text = new URLSearchParams(useSearch()).get(name) ?? "";
  const change = useUrlChange();
  const set = useCallback((value: string) => change({ [name]: value }, { replace: true }), [name, change]);
  return [text, set];
}

/** A URL parameter with a fixed set of values. The default is not written to the URL. */
export function useUrlWord<Word extends string>(
  name: string,
  words: readonly Word[],
  fallback: Word,
): [Word, (value: Word) => void] {
  const word = wordOf(new URLSearchParams(useSearch()).get(name), words, fallback);
  const change = useUrlChange();
  const set = useCallback((value: Word) => change({ [name]: value === fallback ? "" : value }), [name, fallback, change]);
  return [word, set];
}

/** The path to open after login. Paths outside the dashboard are replaced by Home. */
export function safeReturn(path: string | null): string {
  return path !== null && /^\/(?![/\\])/.test(path) && !path.startsWith("/login") ? path : "/";
}
