// Which language code blocks show. One choice holds for all blocks and is remembered, because a person works in one language.
import { useSyncExternalStore } from "react";

const KEY = "outrigger-code-language";

const listeners = new Set<() => void>();
/** For a browser without storage: then the choice holds until the page is loaded again. */
let unstored = "";

function read(): string {
  try {
    return window.localStorage.getItem(KEY) ?? unstored;
  } catch {
    return unstored;
  }
}

function write(language: string): void {
  unstored = language;
  try {
    window.localStorage.setItem(KEY, language);
  } catch {
    // Storage is full or forbidden.
  }
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** The language to show out of those that a block has: the remembered one, or the first. */
export function languageOf(remembered: string, languages: readonly string[]): string {
  return languages.includes(remembered) ? remembered : (languages[0] ?? "");
}

export function useCodeLanguage(languages: readonly string[]): [string, (language: string) => void] {
  const remembered = useSyncExternalStore(subscribe, read, () => "");
  return [languageOf(remembered, languages), write];
}
