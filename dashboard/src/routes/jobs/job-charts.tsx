// The charts of the jobs.
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import type { Timeframe } from "../../chart/timeframe";
import { count, rate } from "../../format/numbers";
import { seconds } from "./job-words";
import classes from "./jobs.module.css";

export function JobCharts({ timeframe }: { timeframe: Timeframe }) {
  return (
    <section className={classes.charts} aria-label="Charts">
      <Chart timeframe={timeframe} title="Throughput" lines={throughput} empty="No jobs were added or ran in this range." />
      <Chart timeframe={timeframe} title="Waiting and running" lines={waiting} empty="No jobs waited or ran in this range." />
      <Chart timeframe={timeframe} title="Longest wait" lines={delay} empty="No job waited for a worker in this range." />
    </section>
  );
}

function throughput(history: History): Series[] {
  return [
    { label: "Added", values: column(history, "jobs_enqueued"), format: rate },
    { label: "Completed", values: column(history, "jobs_completed"), format: rate },
    { label: "Failed attempts", values: column(history, "jobs_failed"), format: rate },
  ];
}

function waiting(history: History): Series[] {
  return [
    { label: "Pending", values: column(history, "jobs_pending"), format: count },
    { label: "Processing", values: column(history, "jobs_processing"), format: count },
  ];
}

function delay(history: History): Series[] {
  return [{ label: "Oldest waits", values: column(history, "jobs_delay_seconds"), format: seconds, combine: "max" }];
}
