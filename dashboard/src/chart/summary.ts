// The one sentence that says what a chart shows, for those who do not look at it.
import { extent, type Series } from "./series";

/** `Requests: 12/s now, 8/s on average, 18/s at most. Errors: none.` */
export function summarise(series: Series[]): string {
  return series
    .filter((line) => line.role !== "bound")
    .map((line) => `${line.label}: ${figures(line)}.`)
    .join(" ");
}

function figures(line: Series): string {
  const { now, mean, max } = extent(line.values);
  if (mean === null || max === null) {
    return "no figures yet";
  }
  if (max === 0) {
    return "none";
  }
  return `${now === null ? "no figure" : line.format(now)} now, ${line.format(mean)} on average, ${line.format(max)} at most`;
}
