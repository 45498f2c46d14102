// Recent events of the server: starts, deployments, cache clears, problems and role changes.
import type { ServerEvent } from "../../api/types";
import { Timeline, type TimelineEvent } from "../../parts/timeline";

const TONES: Partial<Record<ServerEvent["kind"], TimelineEvent["tone"]>> = { problem_opened: "warn", problem_resolved: "ok" };

export function Events({ events }: { events: readonly ServerEvent[] }) {
  if (events.length === 0) {
    return (
      <p>
        No events yet. Starts, cache clears and role changes appear here, as do deployments reported with{" "}
        <code>outrigger event deploy &quot;v42&quot;</code>.
      </p>
    );
  }
  return <Timeline label="Recent events" events={events.map(entry)} />;
}

const STATES: Partial<Record<ServerEvent["kind"], string>> = { problem_opened: "problem opened", problem_resolved: "problem resolved" };

function entry({ id, at, title, kind, actor, actor_kind }: ServerEvent): TimelineEvent {
  return { id, at, title, detail: actor_kind === "system" ? undefined : actor, tone: TONES[kind], state: STATES[kind] };
}
