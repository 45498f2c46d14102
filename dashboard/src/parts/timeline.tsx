// A list of events with a heading per day.
import { Fragment, type ReactNode } from "react";
import { clock, day } from "../format/time";
import classes from "./timeline.module.css";

export interface TimelineEvent {
  id: string;
  at: string;
  title: ReactNode;
  /** Details, such as the actor or the duration. */
  detail?: ReactNode;
  tone?: "plain" | "ok" | "warn" | "fail";
  /** The tone in a word, such as `failed`, because colour alone is not enough. */
  state?: string;
}

/** `events` must be sorted, newest first. */
export function Timeline({ label, events }: { label: string; events: readonly TimelineEvent[] }) {
  return (
    <div className={classes.timeline} role="group" aria-label={label}>
      {byDay(events).map(([name, those]) => (
        <Fragment key={name}>
          <h3 className={classes.day}>{name}</h3>
          <ol>
            {those.map(({ id, at, title, detail, tone = "plain", state }) => (
              <li key={id} data-tone={tone}>
                <time dateTime={at}>{clock(new Date(at).getTime())}</time>
                <div className={classes.words}>
                  <p>
                    {title}
                    {state !== undefined && <span className={classes.state}> {state}</span>}
                  </p>
                  {detail !== undefined && <p className={classes.detail}>{detail}</p>}
                </div>
              </li>
            ))}
          </ol>
        </Fragment>
      ))}
    </div>
  );
}

function byDay(events: readonly TimelineEvent[]): [string, TimelineEvent[]][] {
  const days = new Map<string, TimelineEvent[]>();
  for (const event of events) {
    const name = day(event.at);
    days.set(name, [...(days.get(name) ?? []), event]);
  }
  return [...days];
}
