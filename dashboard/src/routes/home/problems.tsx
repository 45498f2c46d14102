// What needs a person, with what to do about each.
import type { OpenProblem } from "../../api/types";
import { Badge, type Tone } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { Prose } from "../../parts/prose";
import { counted } from "../../format/numbers";
import classes from "./problems.module.css";

const TONES: Record<OpenProblem["severity"], Tone> = { critical: "fail", error: "fail", warning: "warn", notice: "lagoon" };

export function Problems({ problems }: { problems: OpenProblem[] }) {
  if (problems.length === 0) {
    return null;
  }
  return (
    <Panel title={counted(problems.length, "open problem", "open problems")} flush>
      <ul className={classes.problems}>
        {problems.map((problem) => (
          <li key={`${problem.code} ${problem.title}`} data-severity={problem.severity}>
            <div className={classes.head}>
              <h3>{problem.title}</h3>
              <Badge tone={TONES[problem.severity]}>{problem.severity}</Badge>
            </div>
            <p>
              <Prose text={problem.detail} />
            </p>
            <p className={classes.fix}>
              <strong>What to do</strong> <Prose text={problem.fix} />
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
