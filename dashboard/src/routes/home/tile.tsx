// A tile of Home: a capability with its state, a figure for the range, a sparkline, and a link to its page.
import { useId, type ReactNode } from "react";
import { Link } from "wouter";
import { useOpenProblems } from "../../api/problems";
import { useStatus } from "../../api/live";
import { counted } from "../../format/numbers";
import { Sparkline } from "../../chart/sparkline";
import classes from "./tile.module.css";

interface TileProps {
  name: string;
  /** The path of the capability's page. */
  to: string;
  /** The capabilities whose problems determine the state of the tile. */
  capabilities: readonly string[];
  /** The figure, with its unit. */
  value: string;
  /** The name of the figure. */
  what: string;
  note?: ReactNode;
  /** The values for the sparkline. */
  values?: (number | null)[];
  /** The top of the sparkline's scale; by default, the largest value. */
  max?: number;
}

export function Tile({ name, to, capabilities, value, what, note, values, max }: TileProps) {
  const heading = useId();
  const ofTile = <Item extends { capability: string }>(items: readonly Item[]) => items.filter(({ capability }) => capabilities.includes(capability));
  const problems = ofTile(useOpenProblems()).length;
  const { data: status } = useStatus();
  const acknowledged = ofTile(status?.problems ?? []).filter(({ state }) => state === "acknowledged").length;
  return (
    <article className={classes.tile} aria-labelledby={heading}>
      <h3 id={heading}>
        <Link href={to}>{name}</Link>
        <span className={classes.state} data-problems={problems + acknowledged > 0}>
          {problems > 0 ? counted(problems, "problem", "problems") : acknowledged > 0 ? `${acknowledged} acknowledged` : "OK"}
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
