// Every component of the dashboard in all its states, with sample data: a reference for developers, and the page under test.
import { Link, useParams } from "wouter";
import { Badge } from "../../parts/badge";
import { Code } from "../../parts/code";
import { PageHead } from "../../parts/page-head";
import { Panel } from "../../parts/panel";
import { ProblemCard } from "../../parts/problem-card";
import { Progress } from "../../parts/progress";
import { Skeleton } from "../../parts/skeleton";
import { Timeline } from "../../parts/timeline";
import { useToasts } from "../../parts/toasts";
import { Charts } from "./charts";
import { BoatTable } from "./boat-table";
import { EVENTS, PROBLEMS } from "./boats";
import { SAMPLES } from "./code-samples";
import { ConfirmExamples, DetailPageExample, EmptyExample, ToastExamples } from "./examples";
import classes from "./parts-page.module.css";

export function PartsPage() {
  const { show } = useToasts();
  const { kind } = useParams<{ kind?: string }>();
  if (kind === "jobs") {
    return <DetailPageExample />;
  }
  return (
    <>
      <PageHead title="Parts" lead="The components of the dashboard, with sample data. This page is for developers of the dashboard." />
      <Panel title="Toasts and confirmations">
        <div className={classes.stack}>
          <ToastExamples />
          <ConfirmExamples />
        </div>
      </Panel>
      <BoatTable />
      <Charts />
      <div className={classes.halves}>
        <Panel title="Code">
          <div className={classes.stack}>
            <Code label="Read an entry" samples={SAMPLES} />
            <Code label="Install the client" samples={SAMPLES.slice(0, 1)} />
          </div>
        </Panel>
        <Panel title="Long work">
          <div className={classes.stack}>
            <Progress label="Export of 12,000 jobs" state="running" value={0.42} detail="5,040 of 12,000" onCancel={() => show({ title: "Export cancelled." })} />
            <Progress label="Verifying the backup" state="running" />
            <Progress label="Import of 300 settings" state="done" detail="300 settings in 2 s" />
            <Progress label="Restore of shop.db" state="failed" value={0.7} detail="The disk is full: 0 MiB of 100 GiB are free." />
            <Progress label="Deleting old jobs" state="cancelled" value={0.2} />
          </div>
        </Panel>
        <Panel title="Problems">
          <div className={classes.stack}>
            {PROBLEMS.map((problem) => (
              <ProblemCard
                key={problem.id}
                problem={problem}
                pageName={problem.page === "/cache" ? "Cache" : "Home"}
                guide={{ href: "/guides/troubleshooting", label: "Troubleshooting" }}
                onAcknowledge={() => show({ title: "Problem acknowledged." })}
              />
            ))}
          </div>
        </Panel>
        <div className={classes.stack}>
          <Panel title="Timeline">
            <Timeline label="Recent events" events={EVENTS} />
          </Panel>
          <Panel title="Loading">
            <Skeleton label="An example of loading" lines={4} />
          </Panel>
          <Panel title="Nothing yet">
            <EmptyExample />
          </Panel>
          <Panel title="Badges">
            <div className={classes.row}>
              <Badge>plain</Badge>
              <Badge tone="ok">ok</Badge>
              <Badge tone="warn">warning</Badge>
              <Badge tone="fail">failed</Badge>
              <Badge tone="lagoon">you</Badge>
              <Badge tone="float">new</Badge>
            </div>
          </Panel>
        </div>
      </div>
      <p>
        <Link href="/developers/parts/jobs/1">A detail page</Link>
      </p>
    </>
  );
}
