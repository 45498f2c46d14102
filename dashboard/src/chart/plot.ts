// The options of uPlot: an instrument, not a decoration. Colours come from the style sheet, so that both themes are right.
import type uPlot from "uplot";
import { bytes } from "../format/numbers";
import { clock } from "../format/time";
import type { Series } from "./series";

/** Each series has its own dash as well as its own colour: colour alone must not tell them apart. */
export const DASHES: number[][] = [[], [6, 4], [2, 3]];

/** The custom property with the colour of the n-th series. */
export function colourOf(series: Series, index: number): string {
  return series.role === "bound" ? "--series-bound" : `--series-${(index % 3) + 1}`;
}

interface PlotInput {
  series: Series[];
  width: number;
  height: number;
  onCursor: (index: number | null) => void;
  colour: (property: string) => string;
}

export function plotOptions({ series, width, height, onCursor, colour }: PlotInput): uPlot.Options {
  const grid = { stroke: colour("--line"), width: 1 };
  const font = `11px ${colour("--font-text")}`;
  const axis = { stroke: colour("--ink-2"), font, grid, ticks: { show: false } };
  const left = series.find((line) => !line.right) ?? series[0]!;
  const right = series.find((line) => line.right);
  return {
    width,
    height,
    legend: { show: false },
    padding: [10, right ? 0 : 18, 0, 0],
    cursor: {
      sync: { key: "time", setSeries: false },
      drag: { x: false, y: false },
      points: { size: 7, width: 2 },
      y: false,
    },
    scales: { x: { time: true }, y: scale(1.12), right: scale(1.6) },
    axes: [
      { ...axis, grid: { show: false }, values: (plot, at) => (plot.data[0].length < 2 ? at.map(() => null) : moments(at)), space: 76, size: 26 },
      { ...axis, values: labels(left), incrs: steps(left), size: 64, space: 36 },
      ...(right
        ? [{ ...axis, scale: "right", side: 1 as const, grid: { show: false }, values: labels(right), incrs: steps(right), size: 56, space: 36 }]
        : []),
    ],
    series: [{}, ...series.map((line, index) => drawn(line, index, colour))],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

function labels(line: Series): (plot: uPlot, values: number[]) => string[] {
  return (_plot, values) => values.map((value) => line.format(value));
}

function drawn(line: Series, index: number, colour: (property: string) => string): uPlot.Series {
  const stroke = colour(colourOf(line, index));
  const bound = line.role === "bound";
  return {
    stroke,
    width: bound ? 1 : 1.75,
    dash: bound ? [3, 4] : DASHES[index % 3],
    fill: index === 0 && !bound ? `${stroke}1f` : undefined,
    scale: line.right ? "right" : "y",
    points: { show: false },
    spanGaps: false,
  };
}

/** Sizes get marks at powers of two; for the rest, uPlot's own steps are fine. */
function steps(line: Series): number[] | undefined {
  return line.format === bytes ? Array.from({ length: 50 }, (_, power) => 2 ** power) : undefined;
}

/**
 * Scales start at zero, because half of a figure should look like half of it. The scale on the right has more room above, so that
 * its line does not hide behind the other one.
 */
function scale(room: number): uPlot.Scale {
  return { range: (_plot, _low, high) => [0, high > 0 ? high * room : 1] };
}

/** Hours and minutes; with seconds where two marks would else read the same. */
function moments(seconds: number[]): string[] {
  const step = seconds.length > 1 ? seconds[1]! - seconds[0]! : 60;
  return seconds.map((at) => clock(at * 1000).slice(0, step < 60 ? 8 : 5));
}
