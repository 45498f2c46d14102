// The audit log, newest entry first. The server applies the filters; the search covers the loaded entries.
import type { AuditEntry } from "../../api/types";
import { exact } from "../../format/time";
import { Badge } from "../../parts/badge";
import { copied } from "../../parts/copy";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column, Filter } from "../../parts/data-table/columns";
import { Panel } from "../../parts/panel";
import { useToasts } from "../../parts/toasts";
import { useUrlChange, useUrlText, useUrlWord } from "../../shell/url-state";
import { labelOf } from "./account-actions";
import classes from "./access.module.css";
import { AuditSentence } from "./audit-sentence";
import { ACTIONS, actorOf, actorValue, failure, PERIODS, sentenceText, throughOf } from "./audit-words";
import { useAccounts, useAuditLog } from "./lists";

const PART = 100;

const changesText = ({ changes }: AuditEntry) => changes.map(({ field, from, to }) => `${field}: ${from ?? ""} → ${to ?? ""}`).join("; ");

const COLUMNS: Column<AuditEntry>[] = [
  { id: "at", header: "Time", value: ({ at }) => at, cell: ({ at }) => <time dateTime={at}>{exact(at)}</time>, nowrap: true, sortable: false },
  {
    id: "what",
    header: "What happened",
    value: sentenceText,
    sortable: false,
    card: "title",
    cell: (entry) => (
      <div className={classes.sentence}>
        <AuditSentence entry={entry} />
        <div className={classes.code}>
          <code>{entry.action}</code> {throughOf(entry)}
        </div>
      </div>
    ),
  },
  {
    id: "outcome",
    header: "Outcome",
    value: ({ outcome }) => outcome,
    sortable: false,
    cell: (entry) => <Badge tone={entry.outcome === "ok" ? "ok" : "fail"}>{failure(entry) ?? "ok"}</Badge>,
  },
  { id: "address", header: "Address", value: ({ address }) => address, sortable: false, nowrap: true },
  { id: "who", header: "Actor", value: ({ actor }) => actor, hidden: true },
  { id: "kind", header: "Kind of actor", value: ({ actor_kind }) => actor_kind, hidden: true },
  { id: "action", header: "Action", value: ({ action }) => action, hidden: true },
  { id: "on", header: "Object", value: ({ target_name, target }) => target_name ?? target, hidden: true },
  { id: "changes", header: "Changes", value: changesText, hidden: true },
  { id: "via", header: "Through", value: ({ via }) => via, hidden: true },
  { id: "request", header: "Request id", value: ({ request_id }) => request_id, hidden: true },
];

export function Audit() {
  const { show } = useToasts();
  const [actor] = useUrlText("actor");
  const [action] = useUrlText("action");
  const [outcome] = useUrlWord("outcome", ["", "ok", "failed"], "");
  const [period] = useUrlText("period");
  const change = useUrlChange();
  const accounts = useAccounts();
  const list = useAuditLog(
    {
      actor: actor || undefined,
      action: action || undefined,
      outcome: outcome || undefined,
      age: PERIODS.find(({ value }) => value === period)?.length,
    },
    PART,
  );

  const actors = new Map<string, string>();
  for (const account of accounts.items ?? []) {
    actors.set(account.id, labelOf(account));
  }
  for (const entry of list.items ?? []) {
    if (!actors.has(actorValue(entry))) {
      actors.set(actorValue(entry), actorOf(entry));
    }
  }
  const filters: Filter<AuditEntry>[] = [
    {
      id: "actor",
      label: "Who",
      options: [...actors].map(([value, label]) => ({ value, label })),
      free: { placeholder: "ana@example.com, token:deploy" },
    },
    { id: "action", label: "Action", options: ACTIONS, free: { placeholder: "cache.clear, or access." } },
    { id: "outcome", label: "Outcome", options: [{ value: "failed", label: "failed" }, { value: "ok", label: "succeeded" }] },
    { id: "period", label: "Time", options: PERIODS },
  ];

  async function copyRequest(id: string) {
    const done = await copied(id);
    show(done ? { title: "Request id copied.", detail: id } : { title: "The browser blocked access to the clipboard.", detail: id, tone: "warn" });
  }

  return (
    <Panel title="Audit log" flush>
      <DataTable
        label="Audit log"
        noun={["entry", "entries"]}
        columns={COLUMNS}
        list={list}
        keyOf={(entry) => entry.id}
        nameOf={(entry) => `${sentenceText(entry)}, ${exact(entry.at)}`}
        filters={filters}
        search="Search the loaded entries"
        actions={(entry) => [
          { label: `Only by ${actorOf(entry)}`, run: () => change({ actor: actorValue(entry) }) },
          { label: `Only ${entry.action}`, run: () => change({ action: entry.action }) },
          ...(entry.request_id == null ? [] : [{ label: "Copy the request id", run: () => void copyRequest(entry.request_id!) }]),
        ]}
        csv="audit-log"
        empty="Nothing is recorded yet."
      />
    </Panel>
  );
}
