// Keyboard shortcuts: single keys, `g` followed by a letter, and Ctrl or ⌘ with K. Single keys do nothing while the user types or a
// dialog is open.
import { useEffect, useRef } from "react";
import type { Page } from "../pages";

export interface Shortcuts {
  /** The paths for `g` and a letter. */
  pages: Page[];
  help: () => void;
  /** Opens the command palette. */
  palette: () => void;
  pause: () => void;
  go: (path: string) => void;
}

const SEQUENCE_MS = 1500;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;

  useEffect(() => {
    let leader = Number.NEGATIVE_INFINITY;
    function onKeyDown(event: KeyboardEvent) {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !dialogIsOpen()) {
        event.preventDefault();
        latest.current.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialogIsOpen()) {
        return;
      }
      const follows = event.timeStamp - leader < SEQUENCE_MS;
      leader = Number.NEGATIVE_INFINITY;
      const page = follows ? latest.current.pages.find(({ letter }) => letter === event.key) : undefined;
      if (page !== undefined) {
        latest.current.go(page.path);
      } else if (event.key === "g") {
        leader = event.timeStamp;
      } else if (event.key === "?") {
        latest.current.help();
      } else if (event.key === ".") {
        latest.current.pause();
      } else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>("[data-page-search]");
        if (search === null) {
          latest.current.palette();
        } else {
          search.focus();
          search.select();
        }
      }
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=button])"))
  );
}

function dialogIsOpen(): boolean {
  return document.querySelector('[role="dialog"]') !== null;
}
