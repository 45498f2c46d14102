// A table as data: its columns and filters, and what sorting, searching and filtering make of its rows. No React and no address here.
import type { ReactNode } from "react";

/** What a cell is worth to sorting, searching and exporting. */
export type Plain = string | number | boolean | null | undefined;

export interface Column<Row> {
  /** Short and stable: it stands in the address as `sort=created`. */
  id: string;
  header: string;
  /** What the cell shows; its `value` unless given. */
  cell?: (row: Row) => ReactNode;
  /** What the cell is worth to sorting, searching and CSV. Without it the column takes part in none of them. */
  value?: (row: Row) => Plain;
  /** Whether the header sorts; yes when there is a value. */
  sortable?: boolean;
  /** Numbers stand at the right, and sort from the largest first. */
  align?: "number";
  /** Keeps the cell on one line. */
  nowrap?: boolean;
  /** Shown nowhere, but searched and exported. */
  hidden?: boolean;
  /** Where it stands on a card below 600 pixels: as its title, beside the title, as a labelled line (the default), or not at all. */
  card?: "title" | "aside" | "line" | "none";
}

export interface Filter<Row> {
  /** The parameter in the address. */
  id: string;
  label: string;
  /** The values of a row. Absent when the server filters; then the rows are taken as they come. */
  of?: (row: Row) => Plain | readonly Plain[];
  /** Values that are always offered, beside those that rows have. */
  options?: readonly { value: string; label: string }[];
  /** Words for a value. */
  name?: (value: string) => string;
  /** Whether other values than those offered can be typed. */
  free?: { placeholder: string };
}

/** Which way a table is sorted; null when it is as it came. */
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

/** What a press on a header does: sort, turn around, and back to how the rows came. */
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

/** Sorts without changing the order of equals. Rows without a value come last, whichever way it is sorted. */
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

/** The rows of which some cell contains every word of the search. */
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

/** The rows that have, for each filter that is set, one of its values. */
export function filtered<Row>(rows: readonly Row[], filters: readonly Filter<Row>[], set: Readonly<Record<string, string>>): Row[] {
  const active = filters.filter(({ id, of }) => of !== undefined && (set[id] ?? "") !== "");
  return rows.filter((row) => active.every((filter) => valuesOf(filter, row).includes(set[filter.id]!)));
}

/** What a filter offers: its fixed options, then the values that rows have, in order. */
export function suggestions<Row>(filter: Filter<Row>, rows: readonly Row[]): { value: string; label: string }[] {
  const fixed = filter.options ?? [];
  const known = new Set(fixed.map(({ value }) => value));
  const found = new Set(rows.flatMap((row) => valuesOf(filter, row)).filter((value) => !known.has(value)));
  const rest = [...found].sort(order.compare).map((value) => ({ value, label: filter.name?.(value) ?? value }));
  return [...fixed, ...rest];
}
