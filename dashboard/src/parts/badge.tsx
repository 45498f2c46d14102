// A word in a coloured badge. The word carries the meaning; the colour only repeats it.
import type { ReactNode } from "react";
import classes from "./badge.module.css";

export type Tone = "plain" | "ok" | "warn" | "fail" | "lagoon" | "float";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes.badge} data-tone={tone}>
      {children}
    </span>
  );
}
