// The top of a page: its name, which the browser's tab carries too, one line about it, and what can be done here.
import { useEffect, type ReactNode } from "react";
import { HeadingGuide } from "./help-link";
import classes from "./page-head.module.css";

interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  /** The guide that explains the page: `cache`, or `cache#limits` for a section of it. */
  guide?: string;
  children?: ReactNode;
}

/** Names the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Outrigger`;
  }, [title]);
}

export function PageHead({ title, lead, guide, children }: PageHeadProps) {
  useTitle(title);
  return (
    <div className={classes.head}>
      <div>
        <div className={classes.title}>
          <h1>{title}</h1>
          <HeadingGuide address={guide} />
        </div>
        {lead !== undefined && <p className={classes.lead}>{lead}</p>}
      </div>
      {children !== undefined && <div className={classes.actions}>{children}</div>}
    </div>
  );
}
