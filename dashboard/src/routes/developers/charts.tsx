// The chart kit with made-up data: two lines, a limit, a threshold, events, a gap, single samples, and no data.
import { useMemo } from "react";
import type { History } from "../../api/types";
import { Chart } from "../../chart/chart";
import { column, type Series } from "../../chart/series";
import { Sparkline } from "../../chart/sparkline";
import type { Timeframe } from "../../chart/timeframe";
import { bytes, latency, rate } from "../../format/numbers";
import { Panel } from "../../parts/panel";
import classes from "./parts-page.module.css";

const SAMPLES = 180;
const INTERVAL_MS = 5000;
const START = Date.UTC(2026, 0, 5, 9, 0);
const MIB = 1024 * 1024;

/** A quarter of an hour in which the server was down for a minute. */
function example(): Timeframe {
  const places = Array.from({ length: SAMPLES }, (_, index) => index).filter((index) => index < 90 || index >= 102);
  const series = (figure: (index: number) => number | null) => places.map(figure);
  return {
    from: START,
    to: START + SAMPLES * INTERVAL_MS,
    history: {
      interval_ms: INTERVAL_MS,
      at_ms: places.map((index) => START + index * INTERVAL_MS),
      series: {
        reads: series((index) => 300 + 120 * Math.sin(index / 14)),
        writes: series((index) => 90 + 40 * Math.cos(index / 9)),
        memory: series((index) => (40 + index / 6) * MIB),
        p99: series((index) => (index % 30 === 0 ? 12 + index / 10 : null)),
        nothing: series(() => 0),
      },
    },
    marks: [
      { at: START + 40 * INTERVAL_MS, title: "shop 4.12", kind: "deploy" },
      { at: START + 102 * INTERVAL_MS, title: "Outrigger started", kind: "start" },
    ],
    latest: "09:15:00",
    loading: false,
    error: null,
    retry: () => undefined,
    zoom: () => undefined,
  };
}

const traffic = (history: History): Series[] => [
  { label: "Reads", values: column(history, "reads"), format: rate },
  { label: "Writes", values: column(history, "writes"), format: rate },
];
const memory = (history: History): Series[] => [
  { label: "In use", values: column(history, "memory"), format: bytes },
  { label: "Limit", values: history.at_ms.map(() => 96 * MIB), format: bytes, role: "bound" },
];
const slow = (history: History): Series[] => [{ label: "p99", values: column(history, "p99"), format: latency, combine: "max" }];
const nothing = (history: History): Series[] => [{ label: "Errors", values: column(history, "nothing"), format: rate }];
const missing = (history: History): Series[] => [{ label: "Queue", values: column(history, "missing"), format: rate }];

export function Charts() {
  const timeframe = useMemo(example, []);
  const shared = { timeframe };
  return (
    <div className={classes.halves}>
      <Chart {...shared} title="Two lines and a threshold" lines={traffic} empty="No reads." threshold={{ value: 400, label: "alert at 400/s" }} />
      <Chart {...shared} title="A limit" lines={memory} empty="Empty." />
      <Chart {...shared} title="Single samples" lines={slow} empty="No requests." />
      <Chart {...shared} title="Zero" lines={nothing} empty="No errors in this range." />
      <Chart {...shared} title="No data" lines={missing} empty="Nothing queued." />
      <Panel title="Sparkline">
        <Sparkline values={column(timeframe.history, "reads")} />
      </Panel>
    </div>
  );
}
