// The text summary of a chart, for screen readers.
import { extent, type Series } from "./series";

/** `Requests: 12/s now, 8/s on average, 18/s at most. Errors: none.` */
export function summarize(series: Series[]): string {
  return series
    .filter((line) => line.role !== "bound")
    .map((line) => `${line.label}: ${figures(line)}.`)
    .join(" ");
}

function figures(line: Series): string {
  const { now, mean, max } = extent(line);
  if (max === null) {
    return "no samples";
  }
  if (max === 0) {
    return "none";
  }
  const average = mean === null ? "" : `${line.format(mean)} on average, `;
  return `${now === null ? "no figure" : line.format(now)} now, ${average}${line.format(max)} at most`;
}
