// The page Home: state, open problems, a tile per capability, charts and recent events.
import { Suspense } from "react";
import { Link } from "wouter";
import { useRecentEvents, useStatus } from "../../api/live";
import { useTimeframe } from "../../chart/timeframe";
import { useVisiblePages } from "../../pages";
import { Panel } from "../../parts/panel";
import { Quiet } from "../../parts/quiet";
import { TroubleNote } from "../../parts/trouble";
import { useTitle } from "../../shell/title";
import { ProblemEntry } from "../problems/problem-entry";
import { Events } from "./events";
import { ApiTile } from "./api-tile";
import { HomeCharts } from "./home-charts";
import classes from "./home.module.css";
import { NewEventDialog } from "./new-event-dialog";
import { StateLine } from "./state-line";

const RECENT = 8;
/** The maximum number of problems on Home. The page Problems shows all of them. */
const PROBLEMS_SHOWN = 3;

export function HomePage() {
  const status = useStatus();
  const timeframe = useTimeframe();
  useTitle("Home");
  return (
    <>
      <h1 className="visually-hidden">Home</h1>
      {status.data === undefined ? (
        status.error ? <TroubleNote error={status.error} onRetry={() => void status.refetch()} /> : <Quiet />
      ) : (
        <StateLine status={status.data} />
      )}
      <OpenProblems />
      <Tiles />
      {timeframe.error !== null ? <TroubleNote error={timeframe.error} onRetry={timeframe.retry} /> : <HomeCharts timeframe={timeframe} />}
      <Recent />
      <NewEventDialog />
    </>
  );
}

function OpenProblems() {
  const { data } = useStatus();
  const open = data?.problems.filter(({ state }) => state === "open") ?? [];
  if (open.length === 0) {
    return null;
  }
  return (
    <section className={classes.problems} aria-label="Open problems">
      {open.slice(0, PROBLEMS_SHOWN).map((problem) => (
        <ProblemEntry key={problem.id} problem={problem} />
      ))}
      {open.length > PROBLEMS_SHOWN && <Link href="/problems">All {open.length} open problems</Link>}
    </section>
  );
}

function Tiles() {
  const pages = useVisiblePages();
  return (
    <section aria-label="Capabilities" className={classes.tiles}>
      <Suspense>
        {pages.map(({ path, Tile }) => Tile !== undefined && <Tile key={path} />)}
        <ApiTile />
      </Suspense>
    </section>
  );
}

function Recent() {
  const { data, error, refetch } = useRecentEvents(RECENT);
  return (
    <Panel title="Recent events" guide="history#events">
      {error !== null && data === undefined ? (
        <TroubleNote error={error} onRetry={() => void refetch()} />
      ) : (
        <Events events={data ?? []} />
      )}
    </Panel>
  );
}
