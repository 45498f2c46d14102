import { describe, expect, it } from "vitest";
import { append, HISTORY_MS, lastOf, NO_HISTORY, since, withoutEmptyEnd } from "./history";
import type { History } from "./types";

function history(at_ms: number[], series: Record<string, (number | null)[]>, interval_ms = 5000): History {
  return { interval_ms, at_ms, series };
}

describe("history", () => {
  it("drops samples at its end that have no value in any series", () => {
    const fresh = history([5000, 10_000, 15_000, 20_000], { hits: [1, null, 3, null], misses: [null, null, null, null] });

    expect(withoutEmptyEnd(fresh).at_ms).toEqual([5000, 10_000, 15_000]);
    expect(withoutEmptyEnd(history([5000], { hits: [null] })).at_ms).toEqual([]);
  });

  it("appends new samples and skips known ones", () => {
    const known = history([5000, 10_000], { hits: [1, 2] });
    const fresh = history([10_000, 15_000], { hits: [2, 3] });

    const grown = append(known, fresh);

    expect(grown.at_ms).toEqual([5000, 10_000, 15_000]);
    expect(grown.series).toEqual({ hits: [1, 2, 3] });
  });

  it("fills a series that one side lacks with nulls", () => {
    const grown = append(history([5000], { hits: [1] }), history([10_000], { misses: [4] }));
    expect(grown.series).toEqual({ hits: [1, null], misses: [null, 4] });
  });

  it("stays the same object when nothing is new", () => {
    const known = history([5000], { hits: [1] });
    expect(append(known, history([5000], { hits: [1] }))).toBe(known);
    expect(append(known, history([], {}))).toBe(known);
  });

  it("accepts samples after the clock was set back", () => {
    const grown = append(history([10_000], { hits: [1] }), history([5000], { hits: [2] }));
    expect(grown).toEqual(history([10_000, 5000], { hits: [1, 2] }));
  });

  it("removes samples older than an hour", () => {
    const grown = append(history([0, HISTORY_MS - 5000], { hits: [1, 2] }), history([HISTORY_MS + 5000], { hits: [3] }));
    expect(grown.at_ms).toEqual([HISTORY_MS - 5000, HISTORY_MS + 5000]);
    expect(grown.series["hits"]).toEqual([2, 3]);
  });

  it("starts over when the interval changed", () => {
    const fresh = history([20_000], { hits: [9] }, 1000);
    expect(append(history([5000], { hits: [1] }), fresh)).toEqual(fresh);
  });

  it("requests samples after the last known one", () => {
    expect(since(NO_HISTORY)).toBeUndefined();
    expect(since(history([0, 5000], { hits: [1, 2] }))).toBe("1970-01-01T00:00:05.000Z");
  });

  it("returns the samples of the last part of the hour", () => {
    expect(lastOf(history([0, 5000, 10_000], { hits: [1, 2, 3] }), 5000).series["hits"]).toEqual([2, 3]);
  });
});
