// The details of an object: name-value pairs, and sections with a heading.
import { useId, type ReactNode } from "react";
import classes from "./facts.module.css";

interface FactsProps {
  facts: readonly { name: string; value: ReactNode }[];
}

export function Facts({ facts }: FactsProps) {
  return (
    <dl className={classes.facts}>
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A section of an object's details. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const heading = useId();
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <div className={classes.head}>
        <h3 id={heading}>{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A short list of related objects. */
export function Related({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={classes.related} aria-label={label}>
      {children}
    </ul>
  );
}
