// A framed section of a page with a heading.
import { useId, type ReactNode } from "react";
import { HeadingGuide } from "./help-link";
import classes from "./panel.module.css";

interface PanelProps {
  title: ReactNode;
  /** Content at the end of the heading. */
  aside?: ReactNode;
  /** The guide that explains the panel: `cache`, or `cache#limits` for a section. */
  guide?: string;
  /** Removes the padding, for tables. */
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
