// Keyboard shortcuts of a table: `j` and `k` move between rows, `x` selects a row, Enter opens it.
import { useEffect, useRef, type RefObject } from "react";

interface RowKeys {
  /** Selects or deselects the row with this key. */
  toggle?: (key: string) => void;
  /** Opens the row with this key. */
  open?: (key: string) => void;
}

/** How long `g` waits for the letter of a page, in milliseconds. `j` and `k` can be such a letter. */
const SEQUENCE_MS = 1500;

/** `frame` contains the rows, marked by `data-row`. With several tables, the focused one, or else the first, handles the keys. */
export function useRowKeys(frame: RefObject<HTMLElement | null>, keys: RowKeys): void {
  const latest = useRef(keys);
  latest.current = keys;

  useEffect(() => {
    let leader = Number.NEGATIVE_INFINITY;
    function onKeyDown(event: KeyboardEvent) {
      const here = frame.current;
      if (here === null || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target) || dialogIsOpen()) {
        return;
      }
      const follows = event.timeStamp - leader < SEQUENCE_MS;
      leader = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const focused = document.activeElement;
      const inside = here.contains(focused);
      const idle = focused === document.body || focused?.localName === "main";
      if (follows || !(inside || (idle && document.querySelector("[data-rows]") === here))) {
        return;
      }
      const rows = [...here.querySelectorAll<HTMLElement>("[data-row]")];
      const current = inside ? rows.findIndex((row) => row.contains(focused)) : -1;
      const key = rows[current]?.dataset["row"];
      if (event.key === "j" || event.key === "k") {
        const next = event.key === "j" ? current + 1 : Math.max(0, current - 1);
        rows[Math.min(rows.length - 1, next)]?.focus();
      } else if (event.key === "x" && key !== undefined) {
        latest.current.toggle?.(key);
      } else if (event.key === "Enter" && key !== undefined && focused === rows[current]) {
        latest.current.open?.(key);
      } else {
        return;
      }
      event.preventDefault();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [frame]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=button])"))
  );
}

function dialogIsOpen(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"]') !== null;
}
