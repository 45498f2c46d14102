// uPlot in React: created once, updated with new samples, and created again when the colour scheme or the lines change.
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { History } from "../api/types";
import { plotOptions, type Frame } from "./plot";
import { withGaps, type Series } from "./series";

const HEIGHT = 168;

interface PlotProps {
  history: History;
  series: Series[];
  frame: Frame;
  onCursor: (index: number | null) => void;
  onZoom: (from: number, to: number) => void;
}

export function Plot({ history, series, frame, onCursor, onZoom }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ history, series, frame, onCursor, onZoom });
  latest.current = { history, series, frame, onCursor, onZoom };
  const scheme = useComputedColorScheme("light");
  const shape = series.map((line) => `${line.label}:${line.role ?? ""}`).join("|");

  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return;
    }
    const style = getComputedStyle(document.documentElement);
    const { history, series } = latest.current;
    const created = new uPlot(
      plotOptions({
        series,
        width: Math.max(element.clientWidth, 120),
        height: HEIGHT,
        frame: () => latest.current.frame,
        onCursor: (index) => latest.current.onCursor(index === null ? null : sampleAt(created, latest.current.history, index)),
        onZoom: (from, to) => latest.current.onZoom(from, to),
        colour: (property) => style.getPropertyValue(property).trim(),
      }),
      withGaps(history, series) as uPlot.AlignedData,
      element,
    );
    plot.current = created;
    const resized = new ResizeObserver(() => created.setSize({ width: Math.max(element.clientWidth, 120), height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [shape, scheme]);

  useEffect(() => {
    plot.current?.setData(withGaps(history, series) as uPlot.AlignedData);
  }, [history, series, frame]);

  return <div ref={place} />;
}

/** Converts an index in the plot to an index in the history. The plot has extra points where the history has gaps. */
function sampleAt(plot: uPlot, history: History, index: number): number | null {
  const at = plot.data[0][index];
  const found = at === undefined ? -1 : history.at_ms.indexOf(Math.round(at * 1000));
  return found === -1 ? null : found;
}
