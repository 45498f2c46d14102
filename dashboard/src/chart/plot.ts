// The options of uPlot. Colours come from the style sheet, so that they match both colour schemes.
import type uPlot from "uplot";
import { bytes } from "../format/numbers";
import { clock, shortDay } from "../format/time";
import { isolated, type Series } from "./series";

/** Each series has its own dash pattern and its own colour, so that the lines can be distinguished without colour. */
export const DASHES: number[][] = [[], [6, 4], [2, 3]];

/** The custom property with the colour of the n-th series. */
export function colourOf(series: Series, index: number): string {
  return series.role === "bound" ? "--series-bound" : `--series-${(index % 3) + 1}`;
}

/** A point in time that a chart marks. */
export interface Mark {
  /** In milliseconds since 1970. */
  at: number;
  title: string;
  kind: string;
}

/** Values that change during the lifetime of a plot. */
export interface Frame {
  /** The ends of the time axis, in milliseconds since 1970. */
  from: number;
  to: number;
  marks: readonly Mark[];
  /** A value to compare the lines with, drawn as a labelled line. */
  threshold: { value: number; label: string } | null;
}

interface PlotInput {
  series: Series[];
  width: number;
  height: number;
  frame: () => Frame;
  onCursor: (index: number | null) => void;
  /** Called with the range that the user dragged over, in milliseconds since 1970. */
  onZoom: (from: number, to: number) => void;
  colour: (property: string) => string;
}

/** A drag over fewer pixels than this is a click. */
const DRAG_MIN = 12;

export function plotOptions({ series, width, height, frame, onCursor, onZoom, colour }: PlotInput): uPlot.Options {
  const grid = { stroke: colour("--line"), width: 1 };
  const font = `11px ${colour("--font-text")}`;
  const axis = { stroke: colour("--ink-2"), font, grid, ticks: { show: false } };
  const first = series.find((line) => line.role !== "bound") ?? series[0]!;
  return {
    width,
    height,
    legend: { show: false },
    padding: [10, 14, 0, 0],
    cursor: {
      // All charts show the pointer; only the chart that the user drags over zooms.
      sync: { key: "time", setSeries: false, filters: { pub: (type) => type !== "mousedown" && type !== "mouseup", sub: () => true } },
      drag: { x: true, y: false, setScale: false, dist: DRAG_MIN },
      points: { size: 7, width: 2 },
      y: false,
    },
    scales: {
      x: { time: true, range: () => [frame().from / 1000, frame().to / 1000] },
      // The axis starts at zero, so that half the value is half the height.
      y: { range: (_plot, _low, high) => [0, Math.max(high, frame().threshold?.value ?? 0) > 0 ? Math.max(high, frame().threshold?.value ?? 0) * 1.12 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, values: moments, space: width < 420 ? 56 : 84, size: 24 },
      { ...axis, values: (_plot, values) => values.map((value) => first.format(value)), incrs: steps(first), size: labelWidth, space: 36 },
    ],
    series: [{}, ...series.map((line, index) => drawn(line, index, colour))],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width >= DRAG_MIN) {
            onZoom(plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000);
          }
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [(plot) => shadeBefore(plot, colour)],
      draw: [(plot) => drawMarks(plot, frame(), colour, font)],
    },
  };
}

function drawn(line: Series, index: number, colour: (property: string) => string): uPlot.Series {
  const stroke = colour(colourOf(line, index));
  const isBound = line.role === "bound";
  return {
    stroke,
    width: isBound ? 1 : 1.75,
    dash: isBound ? [3, 4] : DASHES[index % 3],
    fill: index === 0 && !isBound ? `${stroke}1f` : undefined,
    points: {
      show: (plot, at) => isolated(plot.data[at] as (number | null | undefined)[]).length > 0,
      filter: (plot, at) => isolated(plot.data[at] as (number | null | undefined)[]),
      size: 5,
      width: 0,
      fill: stroke,
    },
    spanGaps: false,
  };
}

/** The width of the widest label. */
function labelWidth(plot: uPlot, values: string[] | null): number {
  const longest = (values ?? []).reduce((most, label) => Math.max(most, label.length), 0);
  return Math.min(78, Math.max(34, longest * 6.4 + 14)) * (plot.width < 260 ? 0.9 : 1);
}

/** Sizes have ticks at round numbers of their unit. Other values use uPlot's default steps. */
function steps(line: Series): number[] | undefined {
  if (line.format !== bytes) {
    return undefined;
  }
  const round = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  return Array.from({ length: 5 }, (_, power) => round.map((step) => step * 1024 ** power)).flat();
}

/** Tick labels in hours and minutes, with seconds or the date if two labels would otherwise be the same. */
function moments(_plot: uPlot, seconds: number[]): string[] {
  const step = seconds.length > 1 ? seconds[1]! - seconds[0]! : 60;
  let before = "";
  return seconds.map((at) => {
    const date = shortDay(at * 1000);
    const isNewDay = before !== "" && date !== before;
    before = date;
    if (step >= 86_400 || isNewDay) {
      return date;
    }
    return clock(at * 1000).slice(0, step < 60 ? 8 : 5);
  });
}

/** Shades the time before the first sample, to distinguish missing data from zero. */
function shadeBefore(plot: uPlot, colour: (property: string) => string): void {
  const first = plot.data[0][0];
  const { left, top, width, height } = plot.bbox;
  const end = first === undefined ? left + width : Math.min(left + width, plot.valToPos(first, "x", true));
  if (end > left + 1) {
    plot.ctx.fillStyle = colour("--well");
    plot.ctx.fillRect(left, top, end - left, height);
  }
}

/** Draws the threshold and the events over the lines. */
function drawMarks(plot: uPlot, { marks, threshold }: Frame, colour: (property: string) => string, font: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  ctx.clip();
  ctx.lineWidth = devicePixelRatio;
  for (const mark of marks) {
    const x = Math.round(plot.valToPos(mark.at / 1000, "x", true)) + 0.5;
    ctx.strokeStyle = colour("--float");
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
    ctx.setLineDash([]);
    ctx.fillStyle = colour("--float");
    const size = 4 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top - size);
    ctx.lineTo(x + size, bbox.top - size);
    ctx.lineTo(x, bbox.top + size);
    ctx.fill();
  }
  if (threshold !== null) {
    const y = Math.round(plot.valToPos(threshold.value, "y", true)) + 0.5;
    ctx.strokeStyle = colour("--fail");
    ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
    ctx.setLineDash([]);
    ctx.fillStyle = colour("--fail");
    ctx.font = font.replace(/^\d+/, (size) => String(Number(size) * devicePixelRatio));
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.fillText(threshold.label, bbox.left + bbox.width - 4, y - 2);
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}
