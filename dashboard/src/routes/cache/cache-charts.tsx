// The four charts of the cache.
import { useCallback } from "react";
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import { bytes, rate } from "../../format/numbers";
import classes from "./cache.module.css";

interface CacheChartsProps {
  history: History;
  span: number;
  bound: number;
}

export function CacheCharts({ history, span, bound }: CacheChartsProps) {
  const memory = useCallback(
    (shown: History): Series[] => [
      { label: "In use", values: column(shown, "cache_memory_bytes"), format: bytes },
      { label: "Bound", values: shown.at_ms.map(() => bound), format: bytes, role: "bound" },
    ],
    [bound],
  );
  const shared = { history, span };
  return (
    <div className={classes.charts}>
      <Chart {...shared} title="Hits and misses" lines={reads} empty="No reads in this range." />
      <Chart {...shared} title="Operations" lines={operations} empty="No commands in this range." />
      <Chart {...shared} title="Memory" lines={memory} empty="The cache was empty in this range." />
      <Chart {...shared} title="Evictions and expirations" lines={losses} empty="Nothing was evicted or expired in this range." />
    </div>
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
  ];
}
