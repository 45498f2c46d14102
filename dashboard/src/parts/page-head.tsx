// The top of a page: its name, which the browser's tab carries too, one line about it, and what can be done here.
import { useEffect, type ReactNode } from "react";
import classes from "./page-head.module.css";

interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  children?: ReactNode;
}

/** Names the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Outrigger`;
  }, [title]);
}

export function PageHead({ title, lead, children }: PageHeadProps) {
  useTitle(title);
  return (
    <div className={classes.head}>
      <div>
        <h1>{title}</h1>
        {lead !== undefined && <p className={classes.lead}>{lead}</p>}
      </div>
      {children !== undefined && <div className={classes.actions}>{children}</div>}
    </div>
  );
}
