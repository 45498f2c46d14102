// The cache's tile on Home.
import { useCacheStats } from "../../api/live";
import { column, combined } from "../../chart/series";
import { useTimeframe } from "../../chart/timeframe";
import { bytes, percent, rate } from "../../format/numbers";
import { Tile } from "../home/tile";
import { hitRatio, meanHitRatio } from "./hit-ratio";

export function CacheTile() {
  const { history } = useTimeframe();
  const { data } = useCacheStats();
  const commands = combined({ values: column(history, "redis_commands") }, 0, history.at_ms.length);
  const memory = data === undefined ? "" : `, ${bytes(data.memory_bytes)} of ${bytes(data.memory_max_bytes)}`;
  return (
    <Tile
      name="Cache"
      to="/cache"
      capabilities={["cache", "redis"]}
      value={percent(meanHitRatio(history))}
      what="hit ratio"
      values={hitRatio(history)[0]!.values}
      max={1}
      note={`${rate(commands)} Redis commands${memory}`}
    />
  );
}
