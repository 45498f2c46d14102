// The state of the server in one sentence, with a drawing. The canoe's float is level in the state ok, low when degraded, and under
// water when failing; the canoe is grey while the server does not respond. The word and the sentence carry the same information.
import type { Status } from "../../api/types";
import { Badge, type Tone } from "../../parts/badge";
import { clock, duration } from "../../format/time";
import { useFreshness } from "../../shell/freshness";
import { useServerState, type StateMark } from "../../shell/server-state";
import classes from "./state-line.module.css";

const TONES: Record<StateMark, Tone> = { ok: "ok", warn: "warn", fail: "fail", silent: "plain" };

export function StateLine({ status }: { status: Status }) {
  const { mark, word } = useServerState();
  const freshness = useFreshness();
  const silent = freshness.kind === "silent";
  const isCalm = mark === "ok";
  return (
    <section className={classes.state} data-state={mark} data-calm={isCalm} aria-label="State">
      <div className={classes.words}>
        {!isCalm && <Badge tone={TONES[mark]}>{word}</Badge>}
        <p className={classes.sentence} role="status">
          {silent ? `No response since ${clock(freshness.at)}. The page keeps retrying.` : status.sentence}
        </p>
      </div>
      <Canoe />
      <p className={classes.water}>
        {silent ? <span>The figures below are from {clock(freshness.at)}</span> : <span>Up {duration(status.uptime_ms)}</span>}
        <span>Version {status.version}</span>
      </p>
    </section>
  );
}

/** The canoe seen from the front. The water line of the panel runs through the drawing. */
function Canoe() {
  return (
    <svg className={classes.canoe} viewBox="0 0 250 128" aria-hidden="true">
      <g className={classes.boat}>
        <path className={classes.spar} d="M210 47C190 37 166 35 146 37C104 41 66 54 46 86" />
        <path className={classes.hull} d="M152 46c9 3 43 3 52 0 1 34-8 58-26 70-18-12-27-36-26-70Z" />
        <path className={classes.float} d="M27 90c4-8 34-8 38 0 2 11-6 20-19 20s-21-9-19-20Z" />
      </g>
      <rect className={classes.sea} x="0" y="96" width="250" height="32" />
      <rect className={classes.line} x="0" y="94" width="250" height="2" />
    </svg>
  );
}
