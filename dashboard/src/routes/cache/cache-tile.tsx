// The cache's tile on Home.
import { useCacheStats } from "../../api/live";
import { column, combined, ratio, sum } from "../../chart/series";
import { useTimeframe } from "../../chart/timeframe";
import { bytes, percent, rate } from "../../format/numbers";
import { Tile } from "../home/tile";

export function CacheTile() {
  const { history } = useTimeframe();
  const { data } = useCacheStats();
  const hits = column(history, "cache_hits");
  const reads = sum(hits, column(history, "cache_misses"));
  const values = ratio(hits, reads);
  const commands = combined({ values: column(history, "redis_commands") }, 0, history.at_ms.length);
  const memory = data === undefined ? "" : `, ${bytes(data.memory_bytes)} of ${bytes(data.memory_max_bytes)}`;
  return (
    <Tile
      name="Cache"
      to="/cache"
      capabilities={["cache", "redis"]}
      value={percent(combined({ values, combine: { weights: reads } }, 0, values.length))}
      what="hit ratio"
      values={values}
      max={1}
      note={`${rate(commands)} Redis commands${memory}`}
    />
  );
}
