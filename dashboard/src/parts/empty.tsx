// What stands where nothing is yet: what would be here, and the exact lines that bring the first one.
import type { ReactNode } from "react";
import { Code, type Sample } from "./code";
import classes from "./empty.module.css";

interface EmptyProps {
  /** What is missing: `No tokens yet`. */
  title: string;
  /** Why one wants it, in a sentence or two. */
  children?: ReactNode;
  /** The lines to paste, with this server's addresses in them. */
  lines?: { label: string; samples: readonly Sample[] };
  /** A button or a link. */
  action?: ReactNode;
}

export function Empty({ title, children, lines, action }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <h3>{title}</h3>
      {children !== undefined && <p className={classes.text}>{children}</p>}
      {lines !== undefined && <Code {...lines} />}
      {action !== undefined && <div>{action}</div>}
    </div>
  );
}
