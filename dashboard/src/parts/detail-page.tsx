// A page about one object, for details that do not fit a drawer: back link, name, state, actions and facts.
import type { ReactNode } from "react";
import { Link } from "wouter";
import classes from "./detail-page.module.css";
import { Facts } from "./facts";
import { BackIcon } from "./icons";
import { useTitle } from "../shell/title";

interface DetailPageProps {
  /** The link to the list. */
  back: { href: string; label: string };
  title: string;
  /** Badges beside the name. */
  state?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  facts?: readonly { name: string; value: ReactNode }[];
  children?: ReactNode;
}

export function DetailPage({ back, title, state, lead, actions, facts, children }: DetailPageProps) {
  useTitle(title);
  return (
    <>
      <div className={classes.head}>
        <Link href={back.href} className={classes.back}>
          <BackIcon />
          {back.label}
        </Link>
        <div className={classes.line}>
          <h1>{title}</h1>
          {state}
          {actions !== undefined && <div className={classes.actions}>{actions}</div>}
        </div>
        {lead !== undefined && <p className={classes.lead}>{lead}</p>}
      </div>
      <div className={classes.columns} data-facts={facts !== undefined}>
        <div className={classes.main}>{children}</div>
        {facts !== undefined && (
          <aside className={classes.aside} aria-label="Details">
            <Facts facts={facts} />
          </aside>
        )}
      </div>
    </>
  );
}
