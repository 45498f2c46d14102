// The drawer of a job: its facts, error, payload, result, attempts and log.
import { Button } from "@mantine/core";
import { Link } from "wouter";
import type { Job, JobAttempt, JobDetails } from "../../api/types";
import { clock } from "../../format/time";
import { Code } from "../../parts/code";
import { Drawer } from "../../parts/drawer";
import { Facts, Section } from "../../parts/facts";
import { Progress } from "../../parts/progress";
import { Skeleton } from "../../parts/skeleton";
import { Timeline, type TimelineEvent } from "../../parts/timeline";
import { TroubleNote } from "../../parts/trouble";
import { When } from "../../parts/when";
import type { Act } from "./job-actions";
import { StateBadge } from "./job-state";
import { between, firstLine, jsonText, logText, outcomeOf, priorityText, shortened, span } from "./job-words";
import classes from "./jobs.module.css";
import { useJob } from "./lists";

interface JobDrawerProps {
  /** The id of the job; empty while the drawer is closed. */
  id: string;
  /** The job as the list has it, until its details are loaded. */
  listed: Job | undefined;
  actionOf: (job: Job) => Act | null;
}

export function JobDrawer({ id, listed, actionOf }: JobDrawerProps) {
  const { data, error, refetch } = useJob(id);
  const job = data?.job ?? listed;
  const action = job && actionOf(job);
  return (
    <Drawer
      opened={id !== ""}
      list="/jobs?job="
      title={
        <span className={classes.title}>
          {job?.class ?? "Job"} {job && <StateBadge job={job} />}
        </span>
      }
      actions={
        action && (
          <Button size="compact-sm" variant="default" onClick={action.run}>
            {action.label}
          </Button>
        )
      }
    >
      {data !== undefined ? <Details details={data} /> : error !== null ? <TroubleNote error={error} onRetry={() => void refetch()} /> : <Skeleton lines={8} />}
    </Drawer>
  );
}

function Details({ details }: { details: JobDetails }) {
  const { job, payload, result, attempts, log } = details;
  const isRunning = job.state === "processing";
  return (
    <>
      {isRunning && (job.percent != null || job.message != null) && (
        <Progress label={job.message ?? "Progress"} state="running" value={job.percent == null ? null : job.percent / 100} />
      )}
      {job.error != null && job.state !== "completed" && (
        <Section title="Last error">
          <div className={classes.block}>
            <Code label="Last error" samples={[{ language: "text", label: `Attempt ${job.attempt}`, code: job.error }]} wrap />
          </div>
        </Section>
      )}
      <Facts facts={factsOf(job)} />
      {result != null && <Json title="Result" value={result} />}
      <Json title="Payload" value={payload} />
      <Section title="Attempts">
        {attempts.length === 0 && !isRunning ? (
          <p className={classes.quiet}>None yet.</p>
        ) : (
          <Timeline label="Attempts" events={eventsOf(job, attempts)} />
        )}
      </Section>
      {log.length > 0 && (
        <Section title="Log">
          <div className={classes.block}>
            <Code label="Log" samples={[{ language: "text", label: "Text", code: logText(log, clock) }]} />
          </div>
        </Section>
      )}
    </>
  );
}

function factsOf(job: Job) {
  const took = between(job.started_at, job.finished_at);
  return [
    { name: "Queue", value: <Link href={`/jobs?queue=${encodeURIComponent(job.queue)}`}>{job.queue}</Link> },
    { name: "Attempts", value: `${job.attempt} of ${job.max_attempts}` },
    { name: "Created", value: <When at={job.created_at} /> },
    ...(job.state === "scheduled" ? [{ name: "Starts", value: <When at={job.run_at} due /> }] : []),
    ...(job.started_at == null ? [] : [{ name: "Last started", value: <When at={job.started_at} /> }]),
    ...(job.finished_at == null
      ? []
      : [{ name: "Ended", value: <><When at={job.finished_at} />{took !== null && `, after ${span(took)}`}</> }]),
    ...(job.session == null ? [] : [{ name: "Worker", value: <code>{job.session}</code> }]),
    ...(job.crashes > 0 ? [{ name: "Worker died", value: job.crashes === 1 ? "once" : `${job.crashes} times` }] : []),
    { name: "Priority", value: priorityText(job.priority) },
    { name: "Time limit", value: `${span(job.timeout_ms)} for each attempt` },
    { name: "Delay of retries", value: <code>{job.backoff}</code> },
    ...(job.unique_key == null ? [] : [{ name: "Unique key", value: <code>{job.unique_key}</code> }]),
    ...(job.tags.length === 0
      ? []
      : [
          {
            name: "Tags",
            value: (
              <span className={classes.tags}>
                {job.tags.map((tag) => (
                  <Link key={tag} href={`/jobs?tag=${encodeURIComponent(tag)}`}>
                    {tag}
                  </Link>
                ))}
              </span>
            ),
          },
        ]),
    { name: "ID", value: <code>{job.id}</code> },
  ];
}

function Json({ title, value }: { title: string; value: unknown }) {
  const { text, isCut } = jsonText(value);
  return (
    <Section title={title} aside={isCut && <span className={classes.quiet}>Cut. The HTTP API returns all of it.</span>}>
      <div className={classes.block}>
        <Code label={title} samples={[{ language: "json", label: "JSON", code: text }]} />
      </div>
    </Section>
  );
}

/** The attempts, the newest first. `attempts` contains only those that have ended. */
function eventsOf(job: Job, attempts: readonly JobAttempt[]): TimelineEvent[] {
  const ended = attempts.map((attempt, index): TimelineEvent => {
    const { word, tone } = outcomeOf(attempt);
    // The whole error of the last attempt is above.
    const isShown = index === attempts.length - 1 && attempt.error === job.error;
    return {
      id: `${attempt.number}-${attempt.started_at}`,
      at: attempt.started_at,
      title: `Attempt ${attempt.number}`,
      state: word,
      tone,
      detail: (
        <>
          {span(between(attempt.started_at, attempt.ended_at))} on <code>{attempt.session}</code>
          {attempt.error != null && <span className={classes.error}>{isShown ? firstLine(attempt.error) : shortened(attempt.error)}</span>}
        </>
      ),
    };
  });
  const running: TimelineEvent[] =
    job.state === "processing" && job.started_at != null
      ? [{ id: "running", at: job.started_at, title: `Attempt ${job.attempt}`, state: job.is_cancelling ? "cancelling" : "running", detail: <>on <code>{job.session}</code></> }]
      : [];
  return [...running, ...ended.reverse()];
}
