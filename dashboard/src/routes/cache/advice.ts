// Advice that follows from the statistics of the cache.
import type { CacheStats } from "../../api/types";
import { percent } from "../../format/numbers";

/** The traffic in the selected time range. */
export interface CacheTraffic {
  writes: number;
  evictions: number;
  refusals: number;
  /** Null if there were no reads. */
  hitRatio: number | null;
}

export interface Advice {
  tone: "warn" | "fail";
  text: string;
}

/** The share of `[cache] memory` in use above which an evicting cache counts as full. */
export const FULL = 0.9;
/** The ratio of evictions to writes above which `[cache] memory` is too small for the working set. */
const EVICTED_MUCH = 0.1;

/** Advice for a cache that refuses writes or evicts entries; null if no action is needed. */
export function adviceFor(cache: Pick<CacheStats, "memory_bytes" | "memory_max_bytes" | "eviction">, traffic: CacheTraffic): Advice | null {
  if (traffic.refusals > 0) {
    // The same words as those of the problem `cache_refuses_writes`.
    const text =
      cache.eviction === "all"
        ? "The cache refused writes that do not fit, so applications get errors. Raise `[cache] memory`."
        : 'The cache refused writes because it may evict nothing, so applications get errors. Raise `[cache] memory`, or set `[cache] eviction = "all"`.';
    return { tone: "fail", text };
  }
  const full = cache.memory_max_bytes > 0 ? cache.memory_bytes / cache.memory_max_bytes : 0;
  const evicted = traffic.writes > 0 ? traffic.evictions / traffic.writes : 0;
  if (full >= FULL && evicted >= EVICTED_MUCH) {
    const ratio = traffic.hitRatio === null ? "" : ` The hit ratio is ${percent(traffic.hitRatio)}.`;
    return {
      tone: "warn",
      text: `The cache is full: for every 100 entries written it evicts ${Math.round(evicted * 100)}.${ratio} If applications read evicted entries again, raise \`[cache] memory\`.`,
    };
  }
  return null;
}
