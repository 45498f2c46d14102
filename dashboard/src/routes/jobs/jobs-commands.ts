// The commands of the page Jobs: the failed jobs, and the jobs of each queue.
import { answer, api } from "../../api/client";
import { may } from "../../api/scopes";
import { counted } from "../../format/numbers";
import type { CommandSource } from "../../shell/commands";
import { totalsOf } from "./totals";

export const jobsCommands: CommandSource = async ({ me }) => {
  if (!may(me, "jobs:read")) {
    return [];
  }
  const { queues } = await answer(api.GET("/api/v1/jobs/stats"));
  return [
    { id: "jobs-failed", title: "Failed jobs", group: "Pages", keywords: "errors retry dead letter", hint: counted(totalsOf(queues).failed, "job", "jobs"), to: "/jobs?state=failed" },
    ...queues.map(({ name, pending }) => ({
      id: `jobs-queue-${name}`, title: `Queue ${name}`, group: "Queues", hint: `${counted(pending, "job", "jobs")} pending`, to: `/jobs?queue=${encodeURIComponent(name)}`,
    })),
  ];
};
