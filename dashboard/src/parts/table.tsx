// A dense table that scrolls inside its own frame, so that the page never scrolls sideways at 360 px.
import type { ReactNode } from "react";
import classes from "./table.module.css";

interface TableProps {
  /** The name of the table, for screen readers. */
  label: string;
  /** The height in pixels above which the table scrolls. Without it, the table never scrolls vertically. */
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
