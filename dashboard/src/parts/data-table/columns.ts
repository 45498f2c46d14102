// The columns and filters of a table, and functions that sort, search and filter its rows. Independent of React and the URL.
import type { ReactNode } from "react";

/** The value of a cell for sorting, searching and exporting. */
export type Plain = string | number | boolean | null | undefined;

export interface Column<Row> {
  /** Short and stable, because it appears in the URL: `sort=created`. */
  id: string;
  header: string;
  /** The content of the cell; `value` by default. */
  cell?: (row: Row) => ReactNode;
  /** The value for sorting, searching and CSV. A column without it is excluded from all three. */
  value?: (row: Row) => Plain;
  /** Whether the header sorts; by default, true if the column has a value. */
  sortable?: boolean;
  /** Numbers are right-aligned and sort in descending order first. */
  align?: "number";
  /** Prevents line breaks in the cell. */
  nowrap?: boolean;
  /** Hides the column, but includes it in the search and the export. */
  hidden?: boolean;
  /** The place on a card below 600 pixels: the title, beside the title, a labelled line (the default), or none. */
  card?: "title" | "aside" | "line" | "none";
}

export interface Filter<Row> {
  /** The parameter in the URL. */
  id: string;
  label: string;
  /** The values of a row. Absent if the server filters; then the rows are not filtered here. */
  of?: (row: Row) => Plain | readonly Plain[];
  /** Values that are always suggested, in addition to those in the rows. */
  options?: readonly { value: string; label: string }[];
  /** The label of a value. */
  name?: (value: string) => string;
  /** Whether the user can type values that are not suggested. */
  free?: { placeholder: string };
}

/** The sort order of a table; null means the original order. */
export interface Sort {
  column: string;
  descending: boolean;
}

/** `created`, or `-created` for descending. */
export function sortFrom<Row>(text: string, columns: readonly Column<Row>[]): Sort | null {
  const descending = text.startsWith("-");
  const id = descending ? text.slice(1) : text;
  const column = columns.find((candidate) => candidate.id === id);
  return column !== undefined && isSortable(column) ? { column: id, descending } : null;
}

export function sortText(sort: Sort | null): string {
  return sort === null ? "" : `${sort.descending ? "-" : ""}${sort.column}`;
}

export function isSortable<Row>(column: Column<Row>): boolean {
  return column.value !== undefined && column.sortable !== false;
}

/** The sort order after a click on a header: sort, reverse, and back to the original order. */
export function nextSort<Row>(sort: Sort | null, column: Column<Row>): Sort | null {
  const first = column.align === "number";
  if (sort?.column !== column.id) {
    return { column: column.id, descending: first };
  }
  return sort.descending === first ? { column: column.id, descending: !first } : null;
}

const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(left: Plain, right: Plain): number {
  return typeof left === "number" && typeof right === "number" ? left - right : order.compare(String(left), String(right));
}

function isNothing(value: Plain): value is null | undefined | "" {
  return value === null || value === undefined || value === "";
}

/** Sorts the rows. The sort is stable. Rows without a value come last in both directions. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: Sort | null): Row[] {
  const value = columns.find(({ id }) => id === sort?.column)?.value;
  if (sort === null || value === undefined) {
    return [...rows];
  }
  return [...rows].sort((one, other) => {
    const [left, right] = [value(one), value(other)];
    if (isNothing(left) || isNothing(right)) {
      return Number(isNothing(left)) - Number(isNothing(right));
    }
    return sort.descending ? compare(right, left) : compare(left, right);
  });
}

/** The rows that contain every word of the search, in any cell. */
export function searched<Row>(rows: readonly Row[], columns: readonly Column<Row>[], search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) {
    return [...rows];
  }
  return rows.filter((row) => {
    const text = columns.map(({ value }) => value?.(row) ?? "").join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function valuesOf<Row>(filter: Filter<Row>, row: Row): string[] {
  const found = filter.of?.(row);
  const list: readonly Plain[] = Array.isArray(found) ? found : [found as Plain];
  return list.filter((value) => !isNothing(value)).map(String);
}

/** The rows that match every filter that is set. */
export function filtered<Row>(rows: readonly Row[], filters: readonly Filter<Row>[], set: Readonly<Record<string, string>>): Row[] {
  const active = filters.filter(({ id, of }) => of !== undefined && (set[id] ?? "") !== "");
  return rows.filter((row) => active.every((filter) => valuesOf(filter, row).includes(set[filter.id]!)));
}

/** The suggestions of a filter: its fixed options, then the values in the rows, sorted. */
export function suggestions<Row>(filter: Filter<Row>, rows: readonly Row[]): { value: string; label: string }[] {
  const fixed = filter.options ?? [];
  const known = new Set(fixed.map(({ value }) => value));
  const found = new Set(rows.flatMap((row) => valuesOf(filter, row)).filter((value) => !known.has(value)));
  const rest = [...found].sort(order.compare).map((value) => ({ value, label: filter.name?.(value) ?? value }));
  return [...fixed, ...rest];
}
