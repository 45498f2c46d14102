// A tile of Home: one capability, its state, one figure for the range, its shape over time, and the way to its page.
import { useId, type ReactNode } from "react";
import { Link } from "wouter";
import { useOpenProblems } from "../../api/problems";
import { Sparkline } from "../../chart/sparkline";
import classes from "./tile.module.css";

interface TileProps {
  name: string;
  /** The address of its page. */
  to: string;
  /** The capabilities whose problems mark the tile. */
  capabilities: readonly string[];
  /** The figure, with its unit. */
  value: string;
  /** What the figure is. */
  what: string;
  note?: ReactNode;
  /** The figure over the range. */
  values?: (number | null)[];
  /** The top of the line's scale; the largest figure when absent. */
  max?: number;
}

export function Tile({ name, to, capabilities, value, what, note, values, max }: TileProps) {
  const heading = useId();
  const problems = useOpenProblems().filter(({ capability }) => capabilities.includes(capability)).length;
  return (
    <article className={classes.tile} aria-labelledby={heading}>
      <h3 id={heading}>
        <Link href={to}>{name}</Link>
        <span className={classes.state} data-problems={problems > 0}>
          {problems === 0 ? "OK" : `${problems} ${problems === 1 ? "problem" : "problems"}`}
        </span>
      </h3>
      <p className={classes.figure}>
        <strong>{value}</strong> <span>{what}</span>
      </p>
      {values !== undefined && <Sparkline values={values} max={max} />}
      {note !== undefined && <p className={classes.note}>{note}</p>}
    </article>
  );
}
