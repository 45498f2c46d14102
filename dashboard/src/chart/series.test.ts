import { describe, expect, it } from "vitest";
import type { History } from "../api/types";
import { rate } from "../format/numbers";
import { column, extent, hasFigures, isolated, ratio, sum, tabulate, withGaps, type Series } from "./series";
import { summarize } from "./summary";

const line = (label: string, values: (number | null)[], more: Partial<Series> = {}): Series => ({
  label,
  values,
  format: rate,
  ...more,
});

describe("series", () => {
  it("have a latest, mean and maximum value", () => {
    expect(extent({ values: [1, null, 5, 3] })).toEqual({ now: 3, mean: 3, max: 5 });
    expect(extent({ values: [3, null] })).toEqual({ now: null, mean: 3, max: 3 });
    expect(extent({ values: [null] })).toEqual({ now: null, mean: null, max: null });
  });

  it("weight a ratio by its denominator", () => {
    const reads = [1, 0, 99];
    const hits = ratio([1, 0, 0], reads);
    expect(hits).toEqual([1, null, 0]);
    expect(extent({ values: hits, combine: { weights: reads } }).mean).toBeCloseTo(0.01);
  });

  it("have no mean of percentiles", () => {
    expect(extent({ values: [3, 9], combine: "max" })).toEqual({ now: 9, mean: null, max: 9 });
  });

  it("are added element by element", () => {
    expect(sum([1, null, null], [2, 3, null])).toEqual([3, 3, null]);
  });

  it("are empty while all values are zero, whatever the limit is", () => {
    expect(hasFigures([line("In use", [0, null]), line("Bound", [9, 9], { role: "bound" })])).toBe(false);
    expect(hasFigures([line("In use", [0, 1])])).toBe(true);
  });

  it("are nulls if the server has no such column", () => {
    const history: History = { interval_ms: 5000, at_ms: [1, 2], series: {} };
    expect(column(history, "new_thing")).toEqual([null, null]);
  });

  it("break the line where the history has a gap", () => {
    const history: History = { interval_ms: 5000, at_ms: [0, 5000, 60_000], series: {} };
    expect(withGaps(history, [line("Hits", [1, 2, 3])])).toEqual([
      [0, 5, 10, 60],
      [1, 2, null, 3],
    ]);
  });
});

describe("the plot", () => {
  const history: History = { interval_ms: 5000, at_ms: [0, 5000, 10_000, 15_000], series: {} };

  it("draws a bridged line across a few missing samples, and only between two values", () => {
    const [, bridged] = withGaps(history, [line("p99", [1, null, 3, null], { bridge: true })]);
    expect(bridged).toEqual([1, undefined, 3, null]);
    const [, broken] = withGaps(history, [line("Hits", [1, null, 3, null])]);
    expect(broken).toEqual([1, null, 3, null]);
  });

  it("leads no line across a time when the server did not run", () => {
    const stopped: History = { interval_ms: 5000, at_ms: [0, 5000, 10_000], series: { reads: [1, null, 1], hits: [1, null, 1] } };
    const [, drawn] = withGaps(stopped, [line("Hit ratio", [1, null, 1], { bridge: true })]);
    expect(drawn).toEqual([1, null, 1]);
  });

  it("draws dots for values without a neighbour", () => {
    expect(isolated([null, 4, null, 5, 6, null])).toEqual([1]);
    expect(isolated([7])).toEqual([0]);
    expect(isolated([1, undefined, 3])).toEqual([]);
  });
});

describe("the table behind a chart", () => {
  it("has one row per sample while there are few, newest first", () => {
    expect(tabulate([1, 2], [line("Hits", [10, 20])], 5)).toEqual([
      { at: 2, figures: [20] },
      { at: 1, figures: [10] },
    ]);
  });

  it("averages over intervals when there are many", () => {
    const rows = tabulate([1, 2, 3, 4, 5], [line("Hits", [1, 2, 3, 4, 5]), line("Misses", [null, null, null, 2, null])], 3);
    expect(rows).toEqual([
      { at: 4, figures: [4.5, 2] },
      { at: 2, figures: [2.5, null] },
      { at: 1, figures: [1, null] },
    ]);
  });
});

describe("the summary below a chart", () => {
  it("contains the latest, mean and maximum value", () => {
    expect(summarize([line("Hits", [10, 30, 20]), line("Misses", [0, 0]), line("Bound", [99], { role: "bound" })])).toBe(
      "Hits: 20/s now, 20/s on average, 30/s at most. Misses: none.",
    );
  });

  it("leaves out the mean of percentiles", () => {
    expect(summarize([line("p99", [10, 30], { combine: "max" })])).toBe("p99: 30/s now, 30/s at most.");
  });

  it("reports missing samples", () => {
    expect(summarize([line("Hits", [null])])).toBe("Hits: no samples.");
  });
});
