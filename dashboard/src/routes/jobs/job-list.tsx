// The list of jobs, newest first. The server applies the filters; the search covers the loaded jobs.
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { Job, QueueStats } from "../../api/types";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column, Filter } from "../../parts/data-table/columns";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/when";
import { useUrlText, useUrlWord } from "../../shell/url-state";
import { FirstJob } from "./first-job";
import { useJobActions } from "./job-actions";
import { JobDrawer } from "./job-drawer";
import { StateBadge } from "./job-state";
import { firstLine, STATES } from "./job-words";
import classes from "./jobs.module.css";
import { useJobs } from "./lists";

const COLUMNS: Column<Job>[] = [
  { id: "class", header: "Class", value: (job) => job.class, sortable: false },
  { id: "state", header: "State", value: ({ state }) => state, cell: (job) => <StateBadge job={job} />, sortable: false, card: "aside" },
  { id: "queue", header: "Queue", value: ({ queue }) => queue, sortable: false },
  {
    id: "attempt",
    header: "Attempts",
    value: ({ attempt, max_attempts }) => `${attempt} of ${max_attempts}`,
    sortable: false,
    nowrap: true,
  },
  { id: "created", header: "Created", value: ({ created_at }) => created_at, cell: ({ created_at }) => <When at={created_at} />, nowrap: true, sortable: false },
  {
    id: "error",
    header: "Last error",
    value: ({ error }) => error,
    cell: ({ error, state }) =>
      error == null ? (
        "–"
      ) : (
        <span className={classes.cut} data-state={state}>
          {firstLine(error)}
        </span>
      ),
    sortable: false,
  },
  { id: "tags", header: "Tags", value: ({ tags }) => tags.join(" "), hidden: true },
  { id: "id", header: "ID", value: ({ id }) => id, hidden: true },
];

const option = (value: string) => ({ value, label: value });

export function JobList({ queues }: { queues: readonly QueueStats[] }) {
  const mayChange = may(useMe(), "jobs:write");
  const [state] = useUrlWord("state", ["", ...STATES], "");
  const [queue] = useUrlText("queue");
  const [name] = useUrlText("class");
  const [tag] = useUrlText("tag");
  const [opened] = useUrlText("job");
  const list = useJobs({ state: state || undefined, queue: queue || undefined, class: name || undefined, tag: tag || undefined });
  const { actionOf, dialog } = useJobActions();

  const loaded = list.items ?? [];
  const sorted = (values: string[]) => [...new Set(values)].sort().map(option);
  const filters: Filter<Job>[] = [
    { id: "state", label: "State", options: STATES.map(option) },
    { id: "queue", label: "Queue", options: queues.map((one) => option(one.name)), free: { placeholder: "mail" } },
    { id: "class", label: "Class", options: sorted(loaded.map((job) => job.class)), free: { placeholder: "report.build" } },
    { id: "tag", label: "Tag", options: sorted(loaded.flatMap(({ tags }) => tags)), free: { placeholder: "order-1204" } },
  ];
  const actions = (job: Job) => {
    const action = actionOf(job);
    return action === null ? [] : [action];
  };
  return (
    <>
      <Panel title="Jobs" flush>
        <DataTable
          label="Jobs"
          noun={["job", "jobs"]}
          columns={COLUMNS}
          list={list}
          keyOf={(job) => job.id}
          nameOf={(job) => `${job.class} ${job.id}`}
          filters={filters}
          search="Search the loaded jobs"
          href={(job) => `/jobs?job=${job.id}`}
          {...(mayChange ? { actions } : {})}
          csv="jobs"
          empty={<FirstJob />}
        />
      </Panel>
      <JobDrawer id={opened} listed={loaded.find(({ id }) => id === opened)} actionOf={mayChange ? actionOf : () => null} />
      {dialog}
    </>
  );
}
