// Page state that lives in the address, so that reloading, going back and sharing a link all keep it.
import { useCallback } from "react";
import { useLocation, useSearch } from "wouter";

/** One of the known words, or the default when the address has none or an unknown one. */
export function wordOf<Word extends string>(text: string | null, words: readonly Word[], fallback: Word): Word {
  return words.find((word) => word === text) ?? fallback;
}

/** The query with some parameters changed; empty ones leave it. */
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

/** Changes parameters of the address, several at once. `replace` keeps the browser's history free of every letter typed. */
export function useUrlChange(): (changes: Record<string, string>, options?: { replace: boolean }) => void {
  const [path, navigate] = useLocation();
  return useCallback(
    (changes, options) => navigate(path + withParameters(window.location.search, changes), options),
    [path, navigate],
  );
}

/** A text in the address; empty when it is not there. */
export function useUrlText(name: string): [string, (value: string) => void] {
  const text = new URLSearchParams(useSearch()).get(name) ?? "";
  const change = useUrlChange();
  const set = useCallback((value: string) => change({ [name]: value }, { replace: true }), [name, change]);
  return [text, set];
}

/** One of a few words in the address; the default is not written there. */
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

/** Where to go after signing in: only ever a place inside the dashboard. */
export function safeReturn(path: string | null): string {
  return path !== null && /^\/(?![/\\])/.test(path) && !path.startsWith("/login") ? path : "/";
}
