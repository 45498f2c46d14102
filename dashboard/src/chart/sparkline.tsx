// A small line chart without axes, for tiles.
import classes from "./sparkline.module.css";

const WIDTH = 120;
const HEIGHT = 32;

interface SparklineProps {
  /** One value per sample. The line breaks at missing values. */
  values: (number | null)[];
  /** The top of the scale; by default, the largest value. */
  max?: number;
}

export function Sparkline({ values, max }: SparklineProps) {
  return (
    <svg className={classes.spark} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path className={classes.area} d={areaOf(values, max)} />
      <path className={classes.line} d={pathOf(values, max)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** The path of the line in a box of 120 by 32, with at most one point per unit of width: the largest of the samples there. */
export function pathOf(values: (number | null)[], max?: number): string {
  return strokes(values, max)
    .map((points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`)
    .join("");
}

/** The path of the area below the line. */
function areaOf(values: (number | null)[], max?: number): string {
  return strokes(values, max)
    .map((points) => `M${points[0]![0].toFixed(1)} ${HEIGHT}L${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}L${points.at(-1)![0].toFixed(1)} ${HEIGHT}Z`)
    .join("");
}

/** The segments of the line, separated by missing samples. */
function strokes(values: (number | null)[], max?: number): [x: number, y: number][][] {
  const top = max ?? values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const count = Math.min(WIDTH, values.length);
  const found: [number, number][][] = [];
  let isOpen = false;
  for (let point = 0; point < count; point += 1) {
    const piece = values.slice(Math.floor((point * values.length) / count), Math.floor(((point + 1) * values.length) / count));
    const value = piece.reduce<number | null>((most, next) => (next === null ? most : Math.max(most ?? 0, next)), null);
    if (value !== null) {
      const x = count === 1 ? WIDTH : (point * WIDTH) / (count - 1);
      const y = HEIGHT - 2 - (top === 0 ? 0 : Math.min(1, value / top) * (HEIGHT - 4));
      if (isOpen) {
        found.at(-1)!.push([x, y]);
      } else {
        found.push([[x, y]]);
      }
    }
    isOpen = value !== null;
  }
  return found;
}
