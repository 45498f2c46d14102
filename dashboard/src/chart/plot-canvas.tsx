// uPlot inside React: made once, fed when figures arrive, made anew when the theme or the lines change.
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { History } from "../api/types";
import { plotOptions } from "./plot";
import { withGaps, type Series } from "./series";

const HEIGHT = 168;

interface PlotProps {
  history: History;
  series: Series[];
  onCursor: (index: number | null) => void;
}

export function Plot({ history, series, onCursor }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ history, series });
  latest.current = { history, series };
  const scheme = useComputedColorScheme("light");
  const shape = series.map((line) => `${line.label}:${line.role ?? ""}:${line.right ?? ""}`).join("|");

  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return;
    }
    const style = getComputedStyle(document.documentElement);
    const { history, series } = latest.current;
    const made = new uPlot(
      plotOptions({
        series,
        width: Math.max(element.clientWidth, 120),
        height: HEIGHT,
        onCursor: (index) => onCursor(index === null ? null : sampleAt(made, latest.current.history, index)),
        colour: (property) => style.getPropertyValue(property).trim(),
      }),
      withGaps(history, series),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: Math.max(element.clientWidth, 120), height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, scheme, onCursor]);

  useEffect(() => {
    plot.current?.setData(withGaps(history, series));
  }, [history, series]);

  return <div ref={place} />;
}

/** The place in the history of a place in the drawing, which has extra points where the history is interrupted. */
function sampleAt(plot: uPlot, history: History, index: number): number | null {
  const at = plot.data[0][index];
  const found = at === undefined ? -1 : history.at_ms.indexOf(Math.round(at * 1000));
  return found === -1 ? null : found;
}
