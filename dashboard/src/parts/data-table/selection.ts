// The selected rows of a table. Rows that are not shown are not selected, so that actions affect only visible rows.
import { useState } from "react";

export interface Selection<Row> {
  rows: Row[];
  has: (key: string) => boolean;
  toggle: (key: string) => void;
  /** Selects all visible rows, or deselects them if all are selected. */
  toggleAll: () => void;
  all: boolean;
  clear: () => void;
}

export function useSelection<Row>(shown: readonly Row[], keyOf: (row: Row) => string): Selection<Row> {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const rows = shown.filter((row) => keys.has(keyOf(row)));
  const all = rows.length > 0 && rows.length === shown.length;
  return {
    rows,
    all,
    has: (key) => keys.has(key),
    toggle: (key) => setKeys((before) => new Set(before.has(key) ? [...before].filter((other) => other !== key) : [...before, key])),
    toggleAll: () => setKeys(new Set(all ? [] : shown.map(keyOf))),
    clear: () => setKeys(new Set()),
  };
}
