// A framed part of a page with a heading of its own.
import { useId, type ReactNode } from "react";
import classes from "./panel.module.css";

interface PanelProps {
  title: ReactNode;
  /** What stands at the end of the heading's line. */
  aside?: ReactNode;
  /** Tables reach the frame; text keeps its distance. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, aside, flush = false, children }: PanelProps) {
  const heading = useId();
  return (
    <section className={classes.panel} aria-labelledby={heading}>
      <div className={classes.head}>
        <h2 id={heading}>{title}</h2>
        {aside}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
