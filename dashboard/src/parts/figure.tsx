// A large figure with its name and a note.
import type { ReactNode } from "react";
import classes from "./figure.module.css";

interface FigureProps {
  name: string;
  value: string;
  note?: ReactNode;
  /** A ratio from 0 to 1, shown as a bar. */
  level?: number | null;
  /** Marks a figure that needs attention. The note must explain why. */
  tone?: "warn" | "fail";
  /** A sparkline of the figure. */
  children?: ReactNode;
}

export function Figures({ label, children }: { label: string; children: ReactNode }) {
  return (
    <dl className={classes.figures} aria-label={label}>
      {children}
    </dl>
  );
}

export function Figure({ name, value, note, level, tone, children }: FigureProps) {
  return (
    <div className={classes.figure} data-tone={tone}>
      <dt>{name}</dt>
      <dd className={classes.value}>{value}</dd>
      {note !== undefined && <dd className={classes.note}>{note}</dd>}
      {level !== undefined && level !== null && (
        <dd className={classes.level} aria-hidden="true">
          <span style={{ width: `${Math.min(100, Math.max(0, level * 100))}%` }} />
        </dd>
      )}
      {children !== undefined && (
        <dd className={classes.shape} aria-hidden="true">
          {children}
        </dd>
      )}
    </div>
  );
}
