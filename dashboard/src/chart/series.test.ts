import { describe, expect, it } from "vitest";
import type { History } from "../api/types";
import { rate } from "../format/numbers";
import { column, extent, hasFigures, tabulate, withGaps, type Series } from "./series";
import { summarise } from "./summary";

const line = (label: string, values: (number | null)[], more: Partial<Series> = {}): Series => ({
  label,
  values,
  format: rate,
  ...more,
});

describe("series", () => {
  it("know their latest, mean and largest figure", () => {
    expect(extent([1, null, 5, 3])).toEqual({ now: 3, mean: 3, max: 5 });
    expect(extent([3, null])).toEqual({ now: null, mean: 3, max: 3 });
    expect(extent([null])).toEqual({ now: null, mean: null, max: null });
  });

  it("are empty while all is zero, whatever the bound says", () => {
    expect(hasFigures([line("In use", [0, null]), line("Bound", [9, 9], { role: "bound" })])).toBe(false);
    expect(hasFigures([line("In use", [0, 1])])).toBe(true);
  });

  it("are nulls where the server has no such column", () => {
    const history: History = { interval_ms: 5000, at_ms: [1, 2], series: {} };
    expect(column(history, "new_thing")).toEqual([null, null]);
  });

  it("break the line where the history is interrupted", () => {
    const history: History = { interval_ms: 5000, at_ms: [0, 5000, 60_000], series: {} };
    expect(withGaps(history, [line("Hits", [1, 2, 3])])).toEqual([
      [0, 5, 10, 60],
      [1, 2, null, 3],
    ]);
  });
});

describe("the table behind a chart", () => {
  it("has a row per sample while there are few, newest first", () => {
    expect(tabulate([1, 2], [line("Hits", [10, 20])], 5)).toEqual([
      { at: 2, figures: [20] },
      { at: 1, figures: [10] },
    ]);
  });

  it("averages over pieces of time when there are many", () => {
    const rows = tabulate([1, 2, 3, 4, 5], [line("Hits", [1, 2, 3, 4, 5]), line("Misses", [null, null, null, 2, null])], 3);
    expect(rows).toEqual([
      { at: 4, figures: [4.5, 2] },
      { at: 2, figures: [2.5, null] },
      { at: 1, figures: [1, null] },
    ]);
  });
});

describe("the sentence below a chart", () => {
  it("says now, on average and at most", () => {
    expect(summarise([line("Hits", [10, 30, 20]), line("Misses", [0, 0]), line("Bound", [99], { role: "bound" })])).toBe(
      "Hits: 20/s now, 20/s on average, 30/s at most. Misses: none.",
    );
  });

  it("admits that there are no figures", () => {
    expect(summarise([line("Hits", [null])])).toBe("Hits: no figures yet.");
  });
});
