// What to do while there are no jobs: the lines that add the first one and run a worker.
import { Empty } from "../../parts/empty";
import { JobLines } from "./job-connect";

export function FirstJob() {
  return (
    <Empty title="No jobs yet" action={<JobLines />}>
      An application adds a job, and a worker runs it. If the worker fails or dies, the job runs again.
    </Empty>
  );
}
