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

/** What comes before the title. Other kinds have titles that are sentences. */
const KINDS: Partial<Record<ServerEvent["kind"], string>> = {
  deploy: "Deployment: ",
  note: "Note: ",
  problem_opened: "Problem opened: ",
  problem_resolved: "Problem resolved: ",
};

function entry({ id, at, title, kind, actor, actor_kind, attributes }: ServerEvent): TimelineEvent {
  const isSent = kind === "deploy" || kind === "note";
  const more = isSent ? Object.entries(attributes).map(([name, value]) => `${name} ${value}`) : [];
  const by = actor_kind === "local" ? "the command line on this machine" : actor;
  const detail = [...(actor_kind === "system" ? [] : [`by ${by}`]), ...more].join(", ");
  return { id, at, title: `${KINDS[kind] ?? ""}${title}`, detail: detail === "" ? undefined : detail, tone: TONES[kind] };
}
