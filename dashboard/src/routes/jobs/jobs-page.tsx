// The page Jobs: queues, charts and the list of jobs; the lines that add the first job while there are none.
import { useRef } from "react";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import { useTimeframe } from "../../chart/timeframe";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { TroubleNote } from "../../parts/trouble";
import { useQueueSwitch } from "./job-actions";
import { JobCharts } from "./job-charts";
import { JobList } from "./job-list";
import classes from "./jobs.module.css";
import { useJobStats } from "./lists";
import { Queues } from "./queues";

export function JobsPage() {
  const stats = useJobStats();
  const timeframe = useTimeframe();
  const mayChange = may(useMe(), "jobs:write");
  const switchQueue = useQueueSwitch();
  const list = useRef<HTMLDivElement>(null);

  const queues = stats.data?.queues;
  if (queues === undefined) {
    return (
      <>
        <PageHead title="Jobs" />
        {stats.error ? <TroubleNote error={stats.error} onRetry={() => void stats.refetch()} /> : <Quiet />}
      </>
    );
  }
  return (
    <>
      <PageHead title="Jobs" guide="jobs" lead="Background work: applications add jobs, and workers run them and retry failures." />
      {queues.length > 0 && (
        <>
          <Queues queues={queues} onSwitch={mayChange ? switchQueue : null} onFilter={() => list.current?.focus()} />
          {timeframe.error !== null ? <TroubleNote error={timeframe.error} onRetry={timeframe.retry} /> : <JobCharts timeframe={timeframe} />}
        </>
      )}
      <div ref={list} className={classes.list} tabIndex={-1}>
        <JobList queues={queues} />
      </div>
    </>
  );
}
