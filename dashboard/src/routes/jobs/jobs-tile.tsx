// The jobs' tile on Home.
import { column } from "../../chart/series";
import { useTimeframe } from "../../chart/timeframe";
import { count } from "../../format/numbers";
import { Tile } from "../home/tile";
import { span } from "./job-words";
import { useJobStats } from "./lists";
import { totalsOf } from "./totals";

export function JobsTile() {
  const { history } = useTimeframe();
  const { data } = useJobStats();
  const totals = data === undefined ? null : totalsOf(data.queues);
  const waits = totals?.oldestReadyMs == null ? "none waits" : `oldest waits ${span(totals.oldestReadyMs)}`;
  return (
    <Tile
      name="Jobs"
      to="/jobs"
      capabilities={["jobs"]}
      value={count(totals?.pending)}
      what="pending"
      values={column(history, "jobs_pending")}
      note={totals === null ? undefined : `${count(totals.failed)} failed, ${waits}`}
    />
  );
}
