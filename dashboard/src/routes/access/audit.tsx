// The audit log: who did what, newest first.
import { Button, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import type { AuditEntry } from "../../api/types";
import { exact } from "../../format/time";
import { Badge } from "../../parts/badge";
import { CopyButton } from "../../parts/copy";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import { useUrlChange, useUrlText } from "../../shell/url-state";
import classes from "./access.module.css";

export function Audit() {
  const [actor] = useUrlText("actor");
  const [action] = useUrlText("action");
  const change = useUrlChange();
  const list = usePages(["audit", actor, action], (cursor) =>
    answer(
      api.GET("/api/v1/access/audit", {
        params: { query: { cursor, actor: actor === "" ? undefined : actor, action: action === "" ? undefined : action } },
      }),
    ),
  );
  return (
    <>
      <Filters
        key={`${actor}\n${action}`}
        actor={actor}
        action={action}
        onApply={(newActor, newAction) => change({ actor: newActor, action: newAction })}
      />
      <Panel title="Audit log" flush>
        <Paged list={list} empty={actor === "" && action === "" ? "Nothing has been done yet." : "No entry matches."}>
          {(entries) => <AuditTable entries={entries} />}
        </Paged>
      </Panel>
    </>
  );
}

interface FiltersProps {
  actor: string;
  action: string;
  onApply: (actor: string, action: string) => void;
}

function Filters({ actor, action, onApply }: FiltersProps) {
  const [newActor, setNewActor] = useState(actor);
  const [newAction, setNewAction] = useState(action);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    onApply(newActor.trim(), newAction.trim());
  }

  return (
    <form className={classes.filters} onSubmit={onSubmit} role="search">
      <TextInput
        label="Who"
        placeholder="ana@example.com"
        value={newActor}
        onChange={(event) => setNewActor(event.currentTarget.value)}
        data-page-search
      />
      <TextInput
        label="Action"
        placeholder="cache.clear, or access."
        value={newAction}
        onChange={(event) => setNewAction(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
      {(actor !== "" || action !== "") && (
        <Button variant="subtle" onClick={() => onApply("", "")}>
          Show all
        </Button>
      )}
    </form>
  );
}

/** Kinds of actors that their names tell already. */
const UNSAID = new Set(["account", "anonymous"]);

function AuditTable({ entries }: { entries: AuditEntry[] }) {
  return (
    <Table label="Audit log">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Action</th>
          <th scope="col">On</th>
          <th scope="col">Outcome</th>
          <th scope="col">Through</th>
          <th scope="col">From</th>
          <th scope="col">Request</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td data-nowrap>
              <time dateTime={entry.at}>{exact(entry.at)}</time>
            </td>
            <th scope="row">
              {entry.actor} {UNSAID.has(entry.actor_kind) || <Badge>{entry.actor_kind}</Badge>}
            </th>
            <td>
              <code>{entry.action}</code>
            </td>
            <td className={classes.target}>
              {entry.target_name ?? entry.target ?? "–"}
              {entry.changes.map((change) => (
                <div key={change.field}>
                  {change.field}: {change.from ?? "–"} → {change.to ?? "–"}
                </div>
              ))}
            </td>
            <td>
              <Badge tone={entry.outcome === "ok" ? "ok" : "fail"}>{entry.outcome}</Badge>
            </td>
            <td>{entry.via}</td>
            <td>{entry.address ?? "–"}</td>
            <td data-nowrap>{entry.request_id == null ? "–" : <CopyButton text={entry.request_id} what={`the request id ${entry.request_id}`} label="Copy id" />}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
