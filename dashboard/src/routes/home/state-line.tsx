// The state in one sentence, over the water line. The float beside the hull rides level when all is well, sits low when something
// needs a person, and goes under when a promise is broken; the word and the sentence say the same.
import type { Status } from "../../api/types";
import { duration } from "../../format/time";
import { Badge, type Tone } from "../../parts/badge";
import classes from "./state-line.module.css";

const STATES: Record<Status["state"], { word: string; tone: Tone }> = {
  ok: { word: "All well", tone: "ok" },
  degraded: { word: "Needs attention", tone: "warn" },
  failing: { word: "Failing", tone: "fail" },
};

export function StateLine({ status }: { status: Status }) {
  const { word, tone } = STATES[status.state];
  return (
    <section className={classes.state} data-state={status.state} aria-label="State">
      <div className={classes.words}>
        <Badge tone={tone}>{word}</Badge>
        <p className={classes.sentence} role="status">
          {status.sentence}
        </p>
      </div>
      <Canoe />
      <p className={classes.water}>
        <span>Up {duration(status.uptime_ms)}</span>
        <span>Version {status.version}</span>
        <span>Process {status.pid}</span>
      </p>
    </section>
  );
}

/** The canoe from the front, drawn so that the water line of the panel runs through it. */
function Canoe() {
  return (
    <svg className={classes.canoe} viewBox="0 0 180 92" aria-hidden="true">
      <g className={classes.boat}>
        <path className={classes.spar} d="M128 40C100 22 66 26 39 53" />
        <path className={classes.hull} d="M108 34h40c0 22-8 40-20 48-12-8-20-26-20-48Z" />
        <path className={classes.float} d="M26 56c4-4 22-4 26 0 1 8-5 14-13 14s-14-6-13-14Z" />
      </g>
      <rect className={classes.sea} x="0" y="60" width="180" height="32" />
    </svg>
  );
}
