// The charts of the cache.
import { useCallback } from "react";
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import type { Timeframe } from "../../chart/timeframe";
import { bytes, count, rate } from "../../format/numbers";
import classes from "./cache.module.css";
import { hitRatio } from "./hit-ratio";

interface CacheChartsProps {
  timeframe: Timeframe;
  /** `cache.memory`, in bytes. */
  bound: number;
}

export function CacheCharts({ timeframe, bound }: CacheChartsProps) {
  const memory = useCallback(
    (history: History): Series[] => [
      { label: "In use", values: column(history, "cache_memory_bytes"), format: bytes },
      { label: "Limit", values: history.at_ms.map(() => bound), format: bytes, role: "bound" },
    ],
    [bound],
  );
  const shared = { timeframe };
  return (
    <section className={classes.charts} aria-label="Charts">
      <Chart {...shared} title="Hit ratio" lines={hitRatio} empty="Every read missed in this range." />
      <Chart {...shared} title="Reads" lines={reads} empty="No reads in this range." />
      <Chart {...shared} title="Redis commands and writes" lines={operations} empty="No commands in this range." />
      <Chart {...shared} title="Memory" lines={memory} empty="The cache was empty in this range." />
      <Chart {...shared} title="Evictions, expirations and refused writes" lines={losses} empty="Nothing was evicted, expired or refused in this range." />
      <Chart {...shared} title="Redis connections" lines={connections} empty="No Redis connections in this range." />
    </section>
  );
}

function reads(history: History): Series[] {
  return [
    { label: "Hits", values: column(history, "cache_hits"), format: rate },
    { label: "Misses", values: column(history, "cache_misses"), format: rate },
  ];
}

function operations(history: History): Series[] {
  return [
    { label: "Redis commands", values: column(history, "redis_commands"), format: rate },
    { label: "Writes", values: column(history, "cache_writes"), format: rate },
  ];
}

function losses(history: History): Series[] {
  return [
    { label: "Evictions", values: column(history, "cache_evictions"), format: rate },
    { label: "Expirations", values: column(history, "cache_expirations"), format: rate },
    { label: "Refused", values: column(history, "cache_refusals"), format: rate },
  ];
}

function connections(history: History): Series[] {
  return [{ label: "Connections", values: column(history, "redis_connections"), format: count }];
}
