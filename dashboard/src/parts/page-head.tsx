// The head of a page: its title, which is also the title of the tab, a short description, and its actions.
import type { ReactNode } from "react";
import { useTitle } from "../shell/title";
import { HeadingGuide } from "./help-link";
import classes from "./page-head.module.css";

interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  /** The guide that explains the page: `cache`, or `cache#limits` for a section of it. */
  guide?: string;
  children?: ReactNode;
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
