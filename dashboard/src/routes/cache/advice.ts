// What the figures of the cache mean, and what to do about it.
import type { CacheStats } from "../../api/types";
import { percent } from "../../format/numbers";

/** What happened in the shown range. */
export interface CacheTraffic {
  writes: number;
  evictions: number;
  refusals: number;
  /** Null without reads. */
  hitRatio: number | null;
}

export interface Advice {
  tone: "warn" | "fail";
  text: string;
}

/** Fuller than this, a cache that evicts is called full. */
export const FULL = 0.9;
/** Above this share of writes that are evicted again, the bound is too small for the working set. */
const EVICTED_MUCH = 0.1;

/** Advice about a cache that refuses or evicts; null while there is nothing to do. */
export function adviceFor(cache: Pick<CacheStats, "memory_bytes" | "memory_max_bytes" | "eviction">, traffic: CacheTraffic): Advice | null {
  if (traffic.refusals > 0) {
    const cause = cache.eviction === "all" ? "" : " Only entries with a time to live can be evicted: `cache.eviction` is `volatile`.";
    return {
      tone: "fail",
      text: `The cache is full and refuses writes, which is an error for the application.${cause} Raise \`cache.memory\`, or set a time to live on more entries.`,
    };
  }
  const full = cache.memory_max_bytes > 0 ? cache.memory_bytes / cache.memory_max_bytes : 0;
  const evicted = traffic.writes > 0 ? traffic.evictions / traffic.writes : 0;
  if (full >= FULL && evicted >= EVICTED_MUCH) {
    const ratio = traffic.hitRatio === null ? "" : ` The hit ratio is ${percent(traffic.hitRatio)}.`;
    return {
      tone: "warn",
      text: `The cache is full: for every 100 entries written it evicts ${Math.round(evicted * 100)}.${ratio} If applications read evicted entries again, raise \`cache.memory\`.`,
    };
  }
  return null;
}
