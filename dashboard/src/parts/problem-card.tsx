// A problem with its severity, description, fix, times and state.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { sentence } from "../api/problem";
import { count } from "../format/numbers";
import { Badge, type Tone } from "./badge";
import classes from "./problem-card.module.css";
import { Prose } from "./prose";
import { When } from "./when";

/** A problem, as `GET /api/v1/problems` lists it. */
export interface ProblemItem {
  id: string;
  capability: string;
  severity: "critical" | "error" | "warning" | "notice";
  title: string;
  detail?: string | null;
  fix?: string | null;
  first_seen: string;
  last_seen: string;
  /** The number of occurrences. */
  count: number;
  state: "open" | "acknowledged" | "resolved";
  /** The path of the related page: `/cache`. */
  page?: string | null;
}

interface ProblemCardProps {
  problem: ProblemItem;
  /** The text of the link to the related page, such as `Cache`; by default, the name of the capability. */
  pageName?: string;
  /** The guide that explains the problem. */
  guide?: { href: string; label: string };
  /** Acknowledges the problem. Without it, the card has no button. */
  onAcknowledge?: () => void;
  acknowledging?: boolean;
  children?: ReactNode;
}

const TONES: Record<ProblemItem["severity"], Tone> = { critical: "fail", error: "fail", warning: "warn", notice: "lagoon" };
const STATES: Record<ProblemItem["state"], string> = { open: "open", acknowledged: "acknowledged", resolved: "resolved" };

export function ProblemCard({ problem, pageName, guide, onAcknowledge, acknowledging = false, children }: ProblemCardProps) {
  const { severity, title, detail, fix, first_seen, last_seen, state, page } = problem;
  return (
    <article className={classes.card} data-severity={severity} data-state={state} aria-label={title}>
      <div className={classes.head}>
        <Badge tone={state === "resolved" ? "plain" : TONES[severity]}>{severity}</Badge>
        <h3>
          <Prose text={title} />
        </h3>
        {state !== "open" && <Badge tone={state === "resolved" ? "ok" : "lagoon"}>{STATES[state]}</Badge>}
      </div>
      {detail != null && (
        <p className={classes.text}>
          <Prose text={sentence(detail)} />
        </p>
      )}
      {fix != null && (
        <p className={classes.text}>
          <strong>What to do</strong> <Prose text={sentence(fix)} />
        </p>
      )}
      {children}
      <div className={classes.foot}>
        <p>
          First seen <When at={first_seen} /> · last seen <When at={last_seen} /> · seen {problem.count === 1 ? "once" : `${count(problem.count)} times`}
        </p>
        <div className={classes.links}>
          {page != null && <Link href={page}>{pageName ?? problem.capability}</Link>}
          {guide !== undefined && <Link href={guide.href}>{guide.label}</Link>}
          {onAcknowledge !== undefined && state === "open" && (
            <Button size="compact-sm" variant="default" aria-label={`Acknowledge: ${title}`} loading={acknowledging} onClick={onAcknowledge}>
              Acknowledge
            </Button>
          )}
        </div>
      </div>
    </article>
  );
}
