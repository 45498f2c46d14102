// The server's tile on Home.
import { useStatus } from "../../api/live";
import { column, combined } from "../../chart/series";
import { useTimeframe } from "../../chart/timeframe";
import { bytes, percent } from "../../format/numbers";
import { duration } from "../../format/time";
import { Tile } from "../home/tile";

export function ServerTile() {
  const { history } = useTimeframe();
  const { data } = useStatus();
  const cpu = column(history, "process_cpu_ratio");
  const memory = data === undefined ? "" : `${bytes(data.process.resident_bytes)} of memory, up ${duration(data.uptime_ms)}`;
  return (
    <Tile
      name="Server"
      to="/server"
      capabilities={["server", "store", "stores", "logs", "host"]}
      value={percent(combined({ values: cpu }, 0, cpu.length))}
      what="of one CPU core"
      values={cpu}
      note={memory}
    />
  );
}
