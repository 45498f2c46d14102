// The frame of the login and set-up pages: the mark, the server's name, a water line and a form.
import type { ReactNode } from "react";
import { identity } from "../../api/identity";
import { Mark } from "../../parts/mark";
import { useTitle } from "../../shell/title";
import classes from "./gate.module.css";

export function Gate({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <div className={classes.gate}>
      <div className={classes.water} aria-hidden="true" />
      <main className={classes.card}>
        <div className={classes.brand}>
          <Mark size={34} />
          Outrigger
          <ServerName />
        </div>
        <h1>{title}</h1>
        {lead !== undefined && <p className={classes.lead}>{lead}</p>}
        {children}
      </main>
    </div>
  );
}

/** The server's name, so that users do not enter the password of another server. */
function ServerName() {
  const { name, environment, colour } = identity;
  if (name === "") {
    return null;
  }
  return (
    <span className={classes.server} data-colour={colour ?? "none"}>
      <span>{name}</span>
      {environment !== null && <strong>{environment}</strong>}
    </span>
  );
}
