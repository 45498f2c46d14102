// The top of a page: its name, which the browser's tab carries too, one line about it, and what can be done here.
import { useEffect, type ReactNode } from "react";
import classes from "./page-head.module.css";

interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  children?: ReactNode;
}

export function PageHead({ title, lead, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} – Outrigger`;
  }, [title]);
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
