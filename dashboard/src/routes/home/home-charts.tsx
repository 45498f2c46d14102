// The charts of Home: traffic, latency and resource use.
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import type { Timeframe } from "../../chart/timeframe";
import { latency, rate } from "../../format/numbers";
import { hitRatio } from "../cache/hit-ratio";
import { cpu, memory } from "../server/process-series";
import classes from "./home.module.css";

export function HomeCharts({ timeframe }: { timeframe: Timeframe }) {
  const shared = { timeframe };
  return (
    <section className={classes.charts} aria-label="Traffic and resources">
      <Chart {...shared} title="Redis commands" lines={commands} empty="No Redis commands in this range." />
      <Chart {...shared} title="Cache hit ratio" lines={hitRatio} empty="Every read missed in this range." />
      <Chart {...shared} title="HTTP API requests" lines={requests} empty="No HTTP API requests in this range." />
      <Chart {...shared} title="HTTP API latency" lines={latencies} empty="No HTTP API requests in this range." />
      <Chart {...shared} title="CPU" lines={cpu} empty="The process used no CPU time in this range." />
      <Chart {...shared} title="Resident memory" lines={memory} empty="The operating system does not report the memory." />
    </section>
  );
}

function commands(history: History): Series[] {
  return [{ label: "Commands", values: column(history, "redis_commands"), format: rate }];
}

function requests(history: History): Series[] {
  return [
    { label: "Requests", values: column(history, "http_requests"), format: rate },
    { label: "5xx errors", values: column(history, "http_errors"), format: rate },
  ];
}

function latencies(history: History): Series[] {
  return [
    { label: "p50", values: column(history, "http_latency_p50_ms"), format: latency, combine: "max", bridge: true },
    { label: "p99", values: column(history, "http_latency_p99_ms"), format: latency, combine: "max", bridge: true },
  ];
}
