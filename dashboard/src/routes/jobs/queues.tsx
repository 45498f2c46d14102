// The queues with their numbers of jobs, and how long their oldest job waits.
import { Button } from "@mantine/core";
import { Link } from "wouter";
import type { QueueStats } from "../../api/types";
import { count } from "../../format/numbers";
import { Badge } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import { span } from "./job-words";
import classes from "./jobs.module.css";

interface QueuesProps {
  queues: readonly QueueStats[];
  /** Pauses or resumes a queue; null if the user may not. */
  onSwitch: ((queue: QueueStats) => void) | null;
  /** Called by links that filter the list of jobs, which may be out of view. */
  onFilter: () => void;
}

export function Queues({ queues, onSwitch, onFilter }: QueuesProps) {
  return (
    <Panel title="Queues" guide="jobs#when-jobs-wait" flush>
      <Table label="Queues">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">State</th>
            <th scope="col" data-number>
              Pending
            </th>
            <th scope="col" data-number>
              Oldest waits
            </th>
            <th scope="col" data-number>
              Processing
            </th>
            <th scope="col" data-number>
              Scheduled
            </th>
            <th scope="col" data-number>
              Failed
            </th>
            <th scope="col" data-number>
              Completed
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <th scope="row" className={classes.name}>
                <Link href={`/jobs?queue=${encodeURIComponent(queue.name)}`} onClick={onFilter}>{queue.name}</Link>
              </th>
              <td data-nowrap>
                <Badge tone={queue.paused ? "warn" : "ok"}>{queue.paused ? "paused" : "active"}</Badge>
                {onSwitch !== null && (
                  <Button size="compact-xs" variant="subtle" onClick={() => onSwitch(queue)}>
                    {queue.paused ? "Resume" : "Pause"}
                    <span className="visually-hidden"> {queue.name}</span>
                  </Button>
                )}
              </td>
              <td data-number>{count(queue.pending)}</td>
              <td data-number>{span(queue.oldest_ready_ms)}</td>
              <td data-number>{count(queue.processing)}</td>
              <td data-number>{count(queue.scheduled)}</td>
              <td data-number>
                {queue.failed === 0 ? (
                  0
                ) : (
                  <Link href={`/jobs?state=failed&queue=${encodeURIComponent(queue.name)}`} className={classes.failed} onClick={onFilter}>
                    {count(queue.failed)}
                    <span className="visually-hidden"> failed jobs of {queue.name}</span>
                  </Link>
                )}
              </td>
              <td data-number>{count(queue.completed)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}
