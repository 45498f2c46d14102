// A dense table that scrolls inside its own frame, so that the page never does at 360 px.
import type { ReactNode } from "react";
import classes from "./table.module.css";

interface TableProps {
  /** What the table holds, for those who cannot see where it stands. */
  label: string;
  /** The height in pixels after which it scrolls; as long as it needs when absent. */
  height?: number;
  children: ReactNode;
}

export function Table({ label, height, children }: TableProps) {
  return (
    <div className={classes.frame} style={height === undefined ? undefined : { height }} tabIndex={0} role="group" aria-label={label}>
      <table className={classes.table}>{children}</table>
    </div>
  );
}
