// The HTTP API's tile on Home.
import { column, combined, extent } from "../../chart/series";
import { useTimeframe } from "../../chart/timeframe";
import { latency, rate } from "../../format/numbers";
import { Tile } from "./tile";

export function ApiTile() {
  const { history } = useTimeframe();
  const requests = column(history, "http_requests");
  const errors = combined({ values: column(history, "http_errors") }, 0, requests.length) ?? 0;
  const slowest = extent({ values: column(history, "http_latency_p99_ms") }).max;
  return (
    <Tile
      name="HTTP API"
      to="/server"
      capabilities={["http"]}
      value={rate(combined({ values: requests }, 0, requests.length))}
      what="requests"
      values={requests}
      note={`${errors === 0 ? "no" : rate(errors)} 5xx errors${slowest === null ? "" : `, p99 at most ${latency(slowest)}`}`}
    />
  );
}
