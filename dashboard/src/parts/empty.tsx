// The content of an empty list: an explanation and the exact lines that create the first item.
import type { ReactNode } from "react";
import { Code, type Sample } from "./code";
import classes from "./empty.module.css";

interface EmptyProps {
  /** The heading: `No tokens yet`. */
  title: string;
  /** What the items are for, in one or two sentences. */
  children?: ReactNode;
  /** The lines to paste, with this server's URLs. */
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
