// The hit ratio over time, weighted by reads wherever samples are combined.
import type { History } from "../../api/types";
import { column, combined, ratio, sum, type Series } from "../../chart/series";
import { percent } from "../../format/numbers";

/** The line of the chart. */
export function hitRatio(history: History): Series[] {
  const hits = column(history, "cache_hits");
  const reads = sum(hits, column(history, "cache_misses"));
  return [{ label: "Hit ratio", values: ratio(hits, reads), format: percent, combine: { weights: reads }, bridge: true }];
}

/** The hit ratio of the whole history; null without reads. */
export function meanHitRatio(history: History): number | null {
  const [line] = hitRatio(history);
  return combined(line!, 0, line!.values.length);
}
