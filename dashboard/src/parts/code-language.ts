// The language of code blocks. The choice applies to all blocks and is remembered.
import { useSyncExternalStore } from "react";

const KEY = "outrigger-code-language";

const listeners = new Set<() => void>();
/** Used if the browser has no storage; the choice then lasts until the page is reloaded. */
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
    // Storage is full or disabled.
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

/** The language that a block shows: the remembered one if available, otherwise the block's first language. */
export function languageOf(remembered: string, languages: readonly string[]): string {
  return languages.includes(remembered) ? remembered : (languages[0] ?? "");
}

export function useCodeLanguage(languages: readonly string[]): [string, (language: string) => void] {
  const remembered = useSyncExternalStore(subscribe, read, () => "");
  return [languageOf(remembered, languages), write];
}
