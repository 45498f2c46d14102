// The frame of the pages before the dashboard: the mark, a water line, one form.
import type { ReactNode } from "react";
import { Mark } from "../../parts/mark";
import { useTitle } from "../../parts/page-head";
import classes from "./gate.module.css";

export function Gate({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <div className={classes.gate}>
      <div className={classes.water} aria-hidden="true" />
      <main className={classes.card}>
        <p className={classes.brand}>
          <Mark size={34} />
          Outrigger
        </p>
        <h1>{title}</h1>
        {lead !== undefined && <p className={classes.lead}>{lead}</p>}
        {children}
      </main>
    </div>
  );
}
