// The samples of the last hour in the page: a copy of the server's columns to which new samples are appended.
import type { History } from "./types";

/** How long samples are kept, in milliseconds: as long as the server keeps them at full resolution. */
export const HISTORY_MS = 60 * 60 * 1000;

export const NO_HISTORY: History = { interval_ms: 5000, at_ms: [], series: {} };

/** The time of the last sample, after which to request more; undefined if there are no samples. */
export function since(history: History): string | undefined {
  const last = history.at_ms.at(-1);
  return last === undefined ? undefined : new Date(last).toISOString();
}

/**
 * Appends the samples in `fresh` to `known`.
 *
 * Samples up to the last known one are skipped; times may go back, because clocks do. A series that one side lacks is filled with
 * nulls, and samples older than an hour are removed. A changed interval means that the server restarted with another configuration:
 * then only the fresh samples are kept.
 */
export function append(known: History, fresh: History): History {
  const continues = known.at_ms.length > 0 && known.interval_ms === fresh.interval_ms;
  if (!continues) {
    return trimmed(fresh);
  }
  const last = known.at_ms.at(-1)!;
  const first = fresh.at_ms.lastIndexOf(last) + 1;
  const added = fresh.at_ms.length - first;
  if (added === 0) {
    return known;
  }
  const series: Record<string, (number | null)[]> = {};
  for (const name of new Set([...Object.keys(known.series), ...Object.keys(fresh.series)])) {
    const before = known.series[name] ?? nulls(known.at_ms.length);
    const after = fresh.series[name]?.slice(first) ?? nulls(added);
    series[name] = before.concat(after);
  }
  return trimmed({ interval_ms: fresh.interval_ms, at_ms: known.at_ms.concat(fresh.at_ms.slice(first)), series });
}

/** The history without samples at its end that have no value in any series: the server has not taken them yet. */
export function withoutEmptyEnd(history: History): History {
  const columns = Object.values(history.series);
  const last = history.at_ms.findLastIndex((_, index) => columns.some((values) => (values[index] ?? null) !== null));
  const end = history.at_ms[last];
  return end === undefined ? NO_HISTORY : between(history, history.at_ms[0]!, end);
}

/** The last `span` milliseconds of the history. */
export function lastOf(history: History, span: number): History {
  const end = history.at_ms.at(-1);
  return end === undefined ? history : between(history, end - span, end);
}

/** The samples from `start` to `end`, both included, in milliseconds since 1970. */
export function between(history: History, start: number, end: number): History {
  const first = history.at_ms.findIndex((at) => at >= start);
  const last = history.at_ms.findLastIndex((at) => at <= end);
  if (first === 0 && last === history.at_ms.length - 1) {
    return history;
  }
  const cut = <Value,>(values: Value[]) => (first === -1 || last < first ? [] : values.slice(first, last + 1));
  const series: Record<string, (number | null)[]> = {};
  for (const [name, values] of Object.entries(history.series)) {
    series[name] = cut(values);
  }
  return { interval_ms: history.interval_ms, at_ms: cut(history.at_ms), series };
}

function trimmed(history: History): History {
  return lastOf(history, HISTORY_MS);
}

function nulls(count: number): null[] {
  return new Array<null>(count).fill(null);
}
