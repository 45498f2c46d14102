// The state of a job as a badge.
import type { Job } from "../../api/types";
import { Badge } from "../../parts/badge";
import { STATE_TONES } from "./job-words";

export function StateBadge({ job }: { job: Pick<Job, "state" | "is_cancelling"> }) {
  return job.is_cancelling && job.state === "processing" ? <Badge tone="warn">cancelling</Badge> : <Badge tone={STATE_TONES[job.state]}>{job.state}</Badge>;
}
