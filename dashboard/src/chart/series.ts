// Converts the history's columns to the data for a chart, its table and its summary. This module draws nothing.
import type { History } from "../api/types";

/** One line of a chart. */
export interface Series {
  /** The name in the legend and in the table header. */
  label: string;
  /** One value per sample. */
  values: (number | null)[];
  /** Formats a value with its unit. */
  format: (value: number | null | undefined) => string;
  /** `bound` marks a limit for the other lines. It is drawn thin and grey. */
  role?: "line" | "bound";
  /**
   * How several samples are combined into one value. Use `mean` (the default) for rates and sizes, and `max` for percentiles, whose
   * mean has no meaning. For a ratio, pass the weights of its samples, such as reads per second for a hit ratio.
   */
  combine?: "mean" | "max" | { weights: (number | null)[] };
  /** Draws the line across a few missing samples, for values that exist only while there is traffic. */
  bridge?: boolean;
}

/** The values in the legend and in the summary. */
export interface Extent {
  now: number | null;
  /** Null if a mean has no meaning. */
  mean: number | null;
  max: number | null;
}

/** The maximum number of missing samples that a bridged line crosses. */
const BRIDGED_SAMPLES = 12;

/** A series of the history; all nulls if the server does not have it. */
export function column(history: History, name: string): (number | null)[] {
  return history.series[name] ?? history.at_ms.map(() => null);
}

/** Adds two series element by element. The sum is null where both are null. */
export function sum(one: (number | null)[], other: (number | null)[]): (number | null)[] {
  return one.map((value, index) => {
    const second = other[index] ?? null;
    return value === null && second === null ? null : (value ?? 0) + (second ?? 0);
  });
}

/** `part / whole`, element by element; null where `whole` is null or 0. */
export function ratio(part: (number | null)[], whole: (number | null)[]): (number | null)[] {
  return part.map((value, index) => {
    const all = whole[index] ?? null;
    return value === null || all === null || all === 0 ? null : value / all;
  });
}

/** The latest, mean and maximum value; null where there is none. If the latest sample has no value, the latest value is null. */
export function extent(series: Pick<Series, "values" | "combine">): Extent {
  const { values, combine = "mean" } = series;
  const max = values.reduce<number | null>((best, value) => (value === null || (best !== null && best >= value) ? best : value), null);
  return { now: values.at(-1) ?? null, mean: combine === "max" ? null : combined(series, 0, values.length), max };
}

/** Combines the samples from `start` to `end` into one value as the series defines; null if there are no values. */
export function combined({ values, combine = "mean" }: Pick<Series, "values" | "combine">, start: number, end: number): number | null {
  let total = 0;
  let weights = 0;
  let max: number | null = null;
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? null;
    if (value === null) {
      continue;
    }
    const weight = typeof combine === "object" ? (combine.weights[index] ?? 0) : 1;
    total += value * weight;
    weights += weight;
    max = max === null ? value : Math.max(max, value);
  }
  if (combine === "max") {
    return max;
  }
  return weights === 0 ? null : total / weights;
}

/** Whether there is at least one value that is not zero. */
export function hasFigures(series: Series[]): boolean {
  return series.some((line) => line.role !== "bound" && line.values.some((value) => value !== null && value !== 0));
}

/** Whether there is at least one value, which may be zero. */
export function hasSamples(series: Series[]): boolean {
  return series.some((line) => line.role !== "bound" && line.values.some((value) => value !== null));
}

type Drawn = (number | null | undefined)[];

/**
 * The data for the plot: times in seconds, and a column per series. A null breaks the line where the history has a gap, such as a
 * restart or a suspended laptop. A bridged series has `undefined` for a few missing samples, across which the line continues.
 */
export function withGaps(history: History, series: Series[]): [number[], ...Drawn[]] {
  const at: number[] = [];
  const columns: Drawn[] = series.map(() => []);
  /** Where no series has a value: the server did not run. No line crosses that. */
  const down: boolean[] = [];
  const all = Object.values(history.series);
  history.at_ms.forEach((time, index) => {
    const before = history.at_ms[index - 1];
    if (before !== undefined && time - before > history.interval_ms * 3) {
      down.push(true);
      at.push((before + history.interval_ms) / 1000);
      columns.forEach((values) => values.push(null));
    }
    down.push(all.length > 0 && all.every((values) => (values[index] ?? null) === null));
    at.push(time / 1000);
    columns.forEach((values, line) => values.push(series[line]!.values[index] ?? null));
  });
  return [at, ...columns.map((values, line) => (series[line]!.bridge ? bridged(values, down) : values))];
}

/** Replaces short runs of nulls between two values by `undefined`. */
function bridged(values: Drawn, down: readonly boolean[]): Drawn {
  const after = values.slice();
  let run = 0;
  let seen = false;
  values.forEach((value, index) => {
    if (value === null) {
      run += 1;
      return;
    }
    if (seen && run > 0 && run <= BRIDGED_SAMPLES && !down.slice(index - run, index).includes(true)) {
      after.fill(undefined, index - run, index);
    }
    seen = true;
    run = 0;
  });
  return after;
}

/** The indices of values without a neighbour. They are drawn as dots. */
export function isolated(values: Drawn): number[] {
  const found: number[] = [];
  values.forEach((value, index) => {
    if (value !== null && value !== undefined && neighbour(values, index, -1) === null && neighbour(values, index, 1) === null) {
      found.push(index);
    }
  });
  return found;
}

/** The neighbouring value to which a line can be drawn; null at a gap or at the end. */
function neighbour(values: Drawn, index: number, step: 1 | -1): number | null {
  let at = index + step;
  while (values[at] === undefined && at >= 0 && at < values.length) {
    at += step;
  }
  return values[at] ?? null;
}

/** A row of the table of a chart. */
export interface Row {
  /** The start of the interval, in milliseconds since 1970. */
  at: number;
  /** The value of each series in the interval. */
  figures: (number | null)[];
}

/** The chart as a table of at most `limit` rows, newest first. Each row combines the samples of an interval. */
export function tabulate(at: number[], series: Series[], limit: number): Row[] {
  const size = Math.max(1, Math.ceil(at.length / limit));
  const rows: Row[] = [];
  for (let end = at.length; end > 0; end -= size) {
    const start = Math.max(0, end - size);
    rows.push({ at: at[start]!, figures: series.map((line) => combined(line, start, end)) });
  }
  return rows;
}
