// A chart with everything that belongs to it: the figures at the pointer, the sentence, and the table behind it.
import { Button } from "@mantine/core";
import { useId, useMemo, useState } from "react";
import { lastOf } from "../api/history";
import type { History } from "../api/types";
import { clock } from "../format/time";
import { ChartIcon, TableIcon } from "../parts/icons";
import classes from "./chart.module.css";
import { ChartTable } from "./chart-table";
import { Plot } from "./plot-canvas";
import { colourOf, DASHES } from "./plot";
import { hasFigures, type Series } from "./series";
import { summarise } from "./summary";

interface ChartProps {
  title: string;
  history: History;
  /** How much of the history to show, in milliseconds. */
  span: number;
  /** The lines, out of the part of the history that is shown. */
  lines: (shown: History) => Series[];
  /** What to say while there is nothing to see. */
  empty: string;
}

export function Chart({ title, history, span, lines, empty }: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const heading = useId();
  const shown = useMemo(() => lastOf(history, span), [history, span]);
  const series = useMemo(() => lines(shown), [lines, shown]);
  const index = cursor !== null && cursor < shown.at_ms.length ? cursor : null;

  return (
    <figure className={classes.chart} aria-labelledby={heading}>
      <div className={classes.head}>
        <h3 id={heading} className={classes.title}>
          {title}
        </h3>
        <Button
          size="compact-xs"
          variant="subtle"
          aria-pressed={asTable}
          leftSection={asTable ? <ChartIcon /> : <TableIcon />}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Chart" : "Table"}
          <span className="visually-hidden"> of {title}</span>
        </Button>
      </div>
      <Legend series={series} index={index} at={index === null ? null : shown.at_ms[index]!} />
      {asTable ? (
        <ChartTable title={title} at={shown.at_ms} series={series} />
      ) : (
        <div className={classes.canvas} aria-hidden="true">
          <Plot history={shown} series={series} onCursor={setCursor} />
          {!hasFigures(series) && (
            <p className={classes.empty}>
              <span>{empty}</span>
            </p>
          )}
        </div>
      )}
      <figcaption className={hasFigures(series) || asTable ? classes.summary : "visually-hidden"}>
        {hasFigures(series) ? summarise(series) : empty}
      </figcaption>
    </figure>
  );
}

interface LegendProps {
  series: Series[];
  index: number | null;
  at: number | null;
}

/** The figures: at the pointer when it is over a chart, else the latest. */
function Legend({ series, index, at }: LegendProps) {
  return (
    <dl className={classes.legend} aria-hidden="true">
      {series.map((line, position) => (
        <div key={line.label} className={classes.entry}>
          <dt>
            <Swatch series={line} position={position} />
            {line.label}
          </dt>
          <dd>{line.format(line.values.at(index ?? -1))}</dd>
        </div>
      ))}
      <div className={classes.when}>{at === null ? "now" : clock(at)}</div>
    </dl>
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
