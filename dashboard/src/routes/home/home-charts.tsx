// The four charts of Home: what is asked, how fast it is answered, what the cache saves, what the process uses.
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import { bytes, latency, percent, rate } from "../../format/numbers";
import classes from "./home.module.css";

export function HomeCharts({ history, span }: { history: History; span: number }) {
  const shared = { history, span };
  return (
    <div className={classes.charts}>
      <Chart {...shared} title="Requests and errors" lines={requests} empty="No HTTP requests in this range." />
      <Chart {...shared} title="Latency" lines={latencies} empty="No HTTP requests in this range, so nothing to time." />
      <Chart {...shared} title="Cache hit ratio" lines={hits} empty="No cache reads in this range." />
      <Chart {...shared} title="Memory and processor" lines={process} empty="The system does not tell what the process uses." />
    </div>
  );
}

function requests(history: History): Series[] {
  return [
    { label: "Requests", values: column(history, "http_requests"), format: rate },
    { label: "Errors", values: column(history, "http_errors"), format: rate },
  ];
}

function latencies(history: History): Series[] {
  return [
    { label: "Half within", values: column(history, "http_latency_p50_ms"), format: latency },
    { label: "99 % within", values: column(history, "http_latency_p99_ms"), format: latency },
  ];
}

function hits(history: History): Series[] {
  return [
    { label: "Hit ratio", values: column(history, "cache_hit_ratio"), format: percent },
    { label: "Reads", values: sum(column(history, "cache_hits"), column(history, "cache_misses")), format: rate, right: true },
  ];
}

function process(history: History): Series[] {
  return [
    { label: "Resident memory", values: column(history, "process_resident_bytes"), format: bytes },
    { label: "Processor", values: column(history, "process_cpu_ratio"), format: percent, right: true },
  ];
}

/** Value by value; null where both are. */
export function sum(one: (number | null)[], other: (number | null)[]): (number | null)[] {
  return one.map((value, index) => {
    const second = other[index] ?? null;
    return value === null && second === null ? null : (value ?? 0) + (second ?? 0);
  });
}
