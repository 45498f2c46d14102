// Ingest keys: they can send in and read nothing, so they may stand in pages and apps.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { usePages } from "../../api/pages";
import { fieldTrouble } from "../../api/problem";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { IngestKey } from "../../api/types";
import { Confirm, type Question } from "../../parts/confirm";
import { CopyButton } from "../../parts/copy";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import { TroubleNote } from "../../parts/trouble";
import { When } from "../../parts/when";
import classes from "./access.module.css";

export function IngestKeys() {
  const queries = useQueryClient();
  const mayChange = may(useMe(), "access:write");
  const [question, setQuestion] = useState<Question | null>(null);
  const list = usePages(["ingest-keys"], (cursor) => answer(api.GET("/api/v1/access/ingest-keys", { params: { query: { cursor } } })));

  function askToRevoke(key: IngestKey) {
    setQuestion({
      title: `Revoke “${key.name}”?`,
      text: "What is still sent with it is refused from now on.",
      verb: `Revoke “${key.name}”`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/ingest-keys/{id}", { params: { path: { id: key.id } } }));
        await queries.invalidateQueries({ queryKey: ["ingest-keys"] });
      },
    });
  }

  return (
    <>
      {mayChange && <NewIngestKey />}
      <Panel title="Ingest keys" flush>
        <Paged list={list} empty="No ingest keys yet. One is needed where errors, telemetry or logs are sent in.">
          {(keys) => <IngestKeyTable keys={keys} onRevoke={mayChange ? askToRevoke : null} />}
        </Paged>
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}

function NewIngestKey() {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const attempt = useAttempt();
  const add = useMutation({
    mutationFn: (body: { name: string }) => answer(api.POST("/api/v1/access/ingest-keys", { body, headers: attempt.headers(body) })),
    onSuccess: () => {
      attempt.begin();
      setName("");
      void queries.invalidateQueries({ queryKey: ["ingest-keys"] });
    },
  });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    add.mutate({ name: name.trim() });
  }

  return (
    <form className={classes.filters} onSubmit={onSubmit}>
      {add.error && <TroubleNote error={add.error} />}
      <TextInput
        label="New ingest key"
        placeholder="What it is for"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={100}
        required
        withAsterisk={false}
        error={fieldTrouble(add.error, "name")}
      />
      <Button type="submit" loading={add.isPending}>
        Make the key
      </Button>
    </form>
  );
}

function IngestKeyTable({ keys, onRevoke }: { keys: IngestKey[]; onRevoke: ((key: IngestKey) => void) | null }) {
  return (
    <Table label="Ingest keys">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Key</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.id}>
            <th scope="row">{key.name}</th>
            <td>
              <code>{key.key}</code>
            </td>
            <td data-nowrap>
              <When at={key.created_at} />
            </td>
            <td data-nowrap>
              <When at={key.last_used_at} />
            </td>
            <td>
              <div className={classes.buttons}>
                <CopyButton text={key.key} what={`the key ${key.name}`} />
                {onRevoke !== null && (
                  <Button size="compact-xs" variant="subtle" color="red" onClick={() => onRevoke(key)}>
                    Revoke<span className="visually-hidden"> {key.name}</span>…
                  </Button>
                )}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
