// A framed part of a page with a heading of its own.
import { useId, type ReactNode } from "react";
import { HeadingGuide } from "./help-link";
import classes from "./panel.module.css";

interface PanelProps {
  title: ReactNode;
  /** What stands at the end of the heading's line. */
  aside?: ReactNode;
  /** The guide that explains it: `cache`, or `cache#limits` for a section of it. */
  guide?: string;
  /** Tables reach the frame; text keeps its distance. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, aside, guide, flush = false, children }: PanelProps) {
  const heading = useId();
  return (
    <section className={classes.panel} aria-labelledby={heading}>
      <div className={classes.head}>
        <div className={classes.title}>
          <h2 id={heading}>{title}</h2>
          <HeadingGuide address={guide} />
        </div>
        {aside}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
