// The cache in eight figures.
import { extent } from "../../chart/series";
import { lastOf } from "../../api/history";
import type { CacheStats, History } from "../../api/types";
import { bytes, count, counted, percent, rate } from "../../format/numbers";
import { Figure, Figures } from "../../parts/figure";

const RECENT_MS = 60_000;

export function CacheFigures({ cache, history }: { cache: CacheStats; history: History }) {
  const recent = lastOf(history, RECENT_MS);
  const mean = (name: string) => extent(recent.series[name] ?? []).mean;
  const hits = mean("cache_hits") ?? 0;
  const reads = hits + (mean("cache_misses") ?? 0);
  const full = cache.memory_max_bytes === 0 ? null : cache.memory_bytes / cache.memory_max_bytes;
  return (
    <Figures label="Cache figures">
      <Figure name="Hit ratio" value={percent(cache.hit_ratio)} note={reads > 0 ? `${percent(hits / reads)} in the last minute` : "no reads in the last minute"} />
      <Figure name="Hits" value={count(cache.hits)} note={`${counted(cache.misses, "miss", "misses")} since the start`} />
      <Figure name="Redis commands" value={rate(extent(recent.series["redis_commands"] ?? []).now)} note={`${count(cache.commands)} since the start`} />
      <Figure name="Entries" value={count(cache.entries)} note={`${count(cache.writes)} written, ${count(cache.deletes)} deleted`} />
      <Figure
        name="Memory"
        value={bytes(cache.memory_bytes)}
        note={`${percent(full)} of ${bytes(cache.memory_max_bytes)}`}
        level={full}
      />
      <Figure name="Evicted" value={count(cache.evictions)} note={cache.eviction === "all" ? "any entry may go" : "only entries with a time to live may go"} />
      <Figure name="Expired" value={count(cache.expirations)} note={`${counted(cache.refusals, "write", "writes")} refused as full`} />
      <Figure name="Connections" value={count(cache.connections)} note="Redis protocol, open now" />
    </Figures>
  );
}
