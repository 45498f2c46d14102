// Eight figures of the cache for the selected range, with totals since the start of the server as notes.
import { column, combined, extent } from "../../chart/series";
import { Sparkline } from "../../chart/sparkline";
import type { CacheStats, History } from "../../api/types";
import { bytes, count, counted, percent, rate } from "../../format/numbers";
import { Figure, Figures } from "../../parts/figure";
import { hitRatio, meanHitRatio } from "./hit-ratio";
import { FULL, type CacheTraffic } from "./advice";

/** Sums up the traffic of the cache in a range of the history. */
export function trafficOf(history: History): CacheTraffic {
  const seconds = history.interval_ms / 1000;
  const total = (name: string) => column(history, name).reduce<number>((all, value) => all + (value ?? 0) * seconds, 0);
  return {
    writes: total("cache_writes"),
    evictions: total("cache_evictions"),
    refusals: total("cache_refusals"),
    hitRatio: meanHitRatio(history),
  };
}

interface CacheFiguresProps {
  cache: CacheStats;
  history: History;
}

export function CacheFigures({ cache, history }: CacheFiguresProps) {
  const hits = column(history, "cache_hits");
  const commands = column(history, "redis_commands");
  const traffic = trafficOf(history);
  const full = cache.memory_max_bytes === 0 ? null : cache.memory_bytes / cache.memory_max_bytes;
  const mean = (values: (number | null)[]) => combined({ values }, 0, values.length);
  const isFull = full !== null && full >= FULL && traffic.evictions > 0;
  return (
    <Figures label="Cache figures">
      <Figure name="Hit ratio" value={percent(traffic.hitRatio)} note={cache.hit_ratio == null ? "no reads since start" : `${percent(cache.hit_ratio)} since start`}>
        <Sparkline values={hitRatio(history)[0]!.values} max={1} />
      </Figure>
      <Figure name="Hits" value={rate(mean(hits))} note={`${count(cache.hits)} hits, ${counted(cache.misses, "miss", "misses")} since start`}>
        <Sparkline values={hits} />
      </Figure>
      <Figure name="Redis commands" value={rate(mean(commands))} note={`${count(cache.commands)} since start`}>
        <Sparkline values={commands} />
      </Figure>
      <Figure name="Connections" value={count(cache.connections)} note="Redis connections open now">
        <Sparkline values={column(history, "redis_connections")} />
      </Figure>
      <Figure
        name="Memory"
        value={bytes(cache.memory_bytes)}
        note={`${isFull ? "Full: " : ""}${percent(full)} of ${bytes(cache.memory_max_bytes)}`}
        level={full}
        tone={isFull ? "warn" : undefined}
      />
      <Figure name="Entries" value={count(cache.entries)} note={`peak ${count(extent({ values: column(history, "cache_entries") }).max)} in this range`} />
      <Figure
        name="Evicted"
        value={rate(mean(column(history, "cache_evictions")))}
        note={`${count(cache.evictions)} evicted, ${count(cache.expirations)} expired since start`}
        tone={isFull ? "warn" : undefined}
      />
      <Figure
        name="Refused writes"
        value={count(Math.round(traffic.refusals))}
        note={cache.refusals === 0 ? "none since start" : `${count(cache.refusals)} since start`}
        tone={traffic.refusals > 0 ? "fail" : undefined}
      />
    </Figures>
  );
}
