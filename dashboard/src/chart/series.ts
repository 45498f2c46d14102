// From the history's columns to what a chart, its table and its sentence need. No drawing here.
import type { History } from "../api/types";

/** One line of a chart. */
export interface Series {
  /** What it is, for the legend and the table's heading. */
  label: string;
  /** One figure per sample. */
  values: (number | null)[];
  /** How a figure is written. */
  format: (value: number | null | undefined) => string;
  /** `bound` is a limit that the others are measured against: drawn thin and grey. */
  role?: "line" | "bound";
  /** Whether it has the scale on the right, in its own unit. */
  right?: boolean;
}

/** The figures a sentence is made of. */
export interface Extent {
  now: number | null;
  mean: number | null;
  max: number | null;
}

/** A series of the history; all nulls when the server does not have it. */
export function column(history: History, name: string): (number | null)[] {
  return history.series[name] ?? history.at_ms.map(() => null);
}

/** Latest, mean and largest figure; nulls where there is none. A latest sample without a figure has none: an older one is not now. */
export function extent(values: (number | null)[]): Extent {
  let sum = 0;
  let seen = 0;
  let max: number | null = null;
  for (const value of values) {
    if (value === null) {
      continue;
    }
    sum += value;
    seen += 1;
    max = max === null ? value : Math.max(max, value);
  }
  return { now: values.at(-1) ?? null, mean: seen === 0 ? null : sum / seen, max };
}

/** Whether there is anything to see: at least one figure, and one that is not zero. */
export function hasFigures(series: Series[]): boolean {
  return series.some((line) => line.role !== "bound" && line.values.some((value) => value !== null && value !== 0));
}

/** Where the history is interrupted (a restart, a suspended laptop) the line must be too: a null goes in between. */
export function withGaps(history: History, series: Series[]): [number[], ...(number | null)[][]] {
  const at: number[] = [];
  const columns: (number | null)[][] = series.map(() => []);
  history.at_ms.forEach((time, index) => {
    const before = history.at_ms[index - 1];
    if (before !== undefined && time - before > history.interval_ms * 3) {
      at.push((before + history.interval_ms) / 1000);
      columns.forEach((values) => values.push(null));
    }
    at.push(time / 1000);
    columns.forEach((values, line) => values.push(series[line]!.values[index] ?? null));
  });
  return [at, ...columns];
}

/** A row of the table behind a chart. */
export interface Row {
  /** The start of the piece of time, in milliseconds since 1970. */
  at: number;
  /** The mean of each series over it. */
  figures: (number | null)[];
}

/** The chart as a table of at most `limit` rows, newest first; each row is the mean over its piece of time. */
export function tabulate(at: number[], series: Series[], limit: number): Row[] {
  const size = Math.max(1, Math.ceil(at.length / limit));
  const rows: Row[] = [];
  for (let end = at.length; end > 0; end -= size) {
    const start = Math.max(0, end - size);
    rows.push({
      at: at[start]!,
      figures: series.map((line) => extent(line.values.slice(start, end)).mean),
    });
  }
  return rows;
}
