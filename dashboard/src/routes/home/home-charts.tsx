// The charts of Home: traffic, latency and resource use.
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, ratio, sum, type Series } from "../../chart/series";
import type { Timeframe } from "../../chart/timeframe";
import { bytes, latency, percent, rate } from "../../format/numbers";
import classes from "./home.module.css";

export function HomeCharts({ timeframe }: { timeframe: Timeframe }) {
  const shared = { timeframe };
  return (
    <section className={classes.charts} aria-label="Traffic and resources">
      <Chart {...shared} title="Redis commands" lines={commands} empty="No Redis commands in this range." />
      <Chart {...shared} title="Cache hit ratio" lines={hits} empty="Every read missed in this range." />
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

function hits(history: History): Series[] {
  const found = column(history, "cache_hits");
  const reads = sum(found, column(history, "cache_misses"));
  return [{ label: "Hit ratio", values: ratio(found, reads), format: percent, combine: { weights: reads }, bridge: true }];
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

function cpu(history: History): Series[] {
  return [{ label: "CPU, of one core", values: column(history, "process_cpu_ratio"), format: percent }];
}

function memory(history: History): Series[] {
  return [{ label: "Resident memory", values: column(history, "process_resident_bytes"), format: bytes }];
}
