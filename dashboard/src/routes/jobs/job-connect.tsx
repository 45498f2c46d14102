// Examples that add a job and run a worker.
import { server } from "../../api/client";
import { Code } from "../../parts/code";
import { enqueueLines, workerLines } from "./job-lines";
import classes from "./jobs.module.css";

/** The examples, one language at a time. */
export function JobLines() {
  return (
    <div className={classes.connect}>
      <p className={classes.lead}>
        Add a job. The token needs the scope <code>jobs:write</code>.
      </p>
      <Code label="Add a job" samples={enqueueLines(server)} />
      <p className={classes.lead}>
        Run a worker. Its token needs only <code>jobs:work</code>. A worker that sends nothing for 15 seconds loses its jobs, and others run them.
      </p>
      <Code label="Run a worker" samples={workerLines(server)} />
    </div>
  );
}

export function JobsConnect() {
  return (
    <section className={classes.connect}>
      <h3>Jobs</h3>
      <JobLines />
    </section>
  );
}
