// The keyboard: single keys, and `g` followed by a letter. Nothing happens while somebody types or a dialog is open.
import { useEffect, useRef } from "react";

export interface Shortcuts {
  help: () => void;
  pause: () => void;
  go: (path: string) => void;
}

/** Where `g` and a letter lead. */
export const PLACES: Record<string, { path: string; name: string }> = {
  h: { path: "/", name: "Home" },
  c: { path: "/cache", name: "Cache" },
  a: { path: "/access", name: "Access" },
  s: { path: "/configuration", name: "Configuration" },
};

const SEQUENCE_MS = 1500;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;

  useEffect(() => {
    let leader = Number.NEGATIVE_INFINITY;
    function onKeyDown(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialogIsOpen()) {
        return;
      }
      const follows = event.timeStamp - leader < SEQUENCE_MS;
      leader = Number.NEGATIVE_INFINITY;
      const place = follows ? PLACES[event.key] : undefined;
      if (place !== undefined) {
        latest.current.go(place.path);
      } else if (event.key === "g") {
        leader = event.timeStamp;
      } else if (event.key === "?") {
        latest.current.help();
      } else if (event.key === ".") {
        latest.current.pause();
      } else if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("[data-page-search]");
        if (search === null) {
          return;
        }
        event.preventDefault();
        search.focus();
        search.select();
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
