// The page Server: resource use, stores, listeners, services and health checks.
import { useStatus } from "../../api/live";
import { Chart } from "../../chart/chart";
import { useTimeframe } from "../../chart/timeframe";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { TroubleNote } from "../../parts/trouble";
import { Footprint } from "./footprint";
import { Health } from "./health";
import { cpu, memory } from "./process-series";
import classes from "./server.module.css";

export function ServerPage() {
  const status = useStatus();
  const timeframe = useTimeframe();
  return (
    <>
      <PageHead title="Server" lead="The Outrigger process, its stores, listeners and background services." />
      <section className={classes.below} aria-label="Resources">
        <Chart timeframe={timeframe} title="CPU" lines={cpu} empty="The process used no CPU time in this range." />
        <Chart timeframe={timeframe} title="Resident memory" lines={memory} empty="The operating system does not report the memory." />
      </section>
      {status.data === undefined ? (
        status.error ? <TroubleNote error={status.error} onRetry={() => void status.refetch()} /> : <Quiet />
      ) : (
        <Footprint status={status.data} />
      )}
      <Health />
    </>
  );
}
