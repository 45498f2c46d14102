// A chart with its legend, its text summary and its table.
import { Button } from "@mantine/core";
import { useId, useMemo, useState } from "react";
import type { History } from "../api/types";
import { clock, exact } from "../format/time";
import { ChartIcon, TableIcon } from "../parts/icons";
import classes from "./chart.module.css";
import { ChartTable } from "./chart-table";
import { Plot } from "./plot-canvas";
import { colourOf, DASHES, type Frame } from "./plot";
import { extent, hasFigures, hasSamples, type Series } from "./series";
import { summarize } from "./summary";
import type { Timeframe } from "./timeframe";

interface ChartProps {
  title: string;
  /** The time range with its samples and events, shared by all charts of a page. */
  timeframe: Timeframe;
  /** Creates the lines from the samples. All lines have the same unit. */
  lines: (history: History) => Series[];
  /** The text to show if every value in the range is zero. */
  empty: string;
  /** A value to compare the lines with. */
  threshold?: Frame["threshold"];
}

export function Chart({ title, timeframe, lines, empty, threshold = null }: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const heading = useId();
  const { history, from, to, marks } = timeframe;
  const series = useMemo(() => lines(history), [lines, history]);
  const frame = useMemo(() => ({ from, to, marks, threshold }), [from, to, marks, threshold]);
  const index = cursor !== null && cursor < history.at_ms.length ? cursor : null;
  const nothing = hasFigures(series) ? null : hasSamples(series) ? empty : timeframe.loading ? "" : "No data in this range.";

  return (
    <figure className={classes.chart} aria-labelledby={heading}>
      <div className={classes.head}>
        <h3 id={heading} className={classes.title}>
          {title}
        </h3>
        <Button
          className={classes.toggle}
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-pressed={asTable}
          leftSection={asTable ? <ChartIcon /> : <TableIcon />}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Chart" : "Table"}
          <span className="visually-hidden"> of {title}</span>
        </Button>
      </div>
      <Legend series={series} index={index} at={index === null ? null : history.at_ms[index]!} timeframe={timeframe} />
      {asTable ? (
        <ChartTable title={title} at={history.at_ms} series={series} />
      ) : (
        <div className={classes.canvas} aria-hidden="true">
          <Plot history={history} series={series} frame={frame} onCursor={setCursor} onZoom={timeframe.zoom} />
          {nothing !== null && (
            <p className={classes.empty}>
              <span>{nothing}</span>
            </p>
          )}
        </div>
      )}
      <figcaption className="visually-hidden">{nothing ?? summarize(series)}</figcaption>
    </figure>
  );
}

interface LegendProps {
  series: Series[];
  index: number | null;
  at: number | null;
  timeframe: Timeframe;
}

/** The values at the pointer while it is over a chart, otherwise the latest values; with mean and maximum of the range. */
function Legend({ series, index, at, timeframe }: LegendProps) {
  const mark = at === null ? undefined : timeframe.marks.find((mark) => Math.abs(mark.at - at) <= timeframe.history.interval_ms * 2);
  return (
    <dl className={classes.legend} aria-hidden="true">
      {series.map((line, position) => (
        <div key={line.label} className={classes.entry}>
          <dt>
            <Swatch series={line} position={position} />
            {line.label}
          </dt>
          <dd>
            {line.format(line.values.at(index ?? -1))}
            {line.role !== "bound" && <Range line={line} />}
          </dd>
        </div>
      ))}
      <div className={classes.when}>
        {mark !== undefined && <span className={classes.mark}>{mark.title}</span>}
        {at === null ? timeframe.latest : timeframe.to - timeframe.from > 86_400_000 ? exact(at) : clock(at)}
      </div>
    </dl>
  );
}

function Range({ line }: { line: Series }) {
  const { mean, max } = extent(line);
  if (max === null || max === 0) {
    return null;
  }
  return (
    <span className={classes.range}>
      {mean !== null && <>avg {line.format(mean)} · </>}max {line.format(max)}
    </span>
  );
}

function Swatch({ series, position }: { series: Series; position: number }) {
  const dash = series.role === "bound" ? [3, 3] : DASHES[position % 3];
  return (
    <svg className={classes.swatch} viewBox="0 0 22 4" width="22" height="4">
      <line
        x1="0"
        x2="22"
        y1="2"
        y2="2"
        stroke={`var(${colourOf(series, position)})`}
        strokeWidth={series.role === "bound" ? 1.5 : 3}
        strokeDasharray={dash?.join(" ")}
      />
    </svg>
  );
}
