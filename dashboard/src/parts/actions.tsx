// The buttons at the end of a dialog or a form.
import type { ReactNode } from "react";
import classes from "./actions.module.css";

export function Actions({ children }: { children: ReactNode }) {
  return <div className={classes.actions}>{children}</div>;
}
