// The list of tokens.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useParams } from "wouter";
import { answer, api, server } from "../../api/client";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { Token } from "../../api/types";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column, Filter } from "../../parts/data-table/columns";
import { Empty } from "../../parts/empty";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/when";
import { useUrlWord } from "../../shell/url-state";
import classes from "./access.module.css";
import { useItem, useRenew, useTokens } from "./lists";
import { NewTokenDialog } from "./new-token-dialog";
import { TokenDrawer } from "./token-drawer";
import { creatorOf } from "./token-words";

const COLUMNS: Column<Token>[] = [
  { id: "name", header: "Name", value: ({ name }) => name },
  { id: "hint", header: "Begins with", value: ({ hint }) => hint, cell: ({ hint }) => <code>{hint}…</code>, sortable: false },
  {
    id: "scopes",
    header: "Scopes",
    value: ({ scopes }) => scopes.join(" "),
    sortable: false,
    cell: ({ scopes }) => (
      <span className={classes.list}>
        {scopes.map((scope) => (
          <Badge key={scope}>{scope}</Badge>
        ))}
      </span>
    ),
  },
  { id: "created", header: "Created", value: ({ created_at }) => created_at, cell: ({ created_at }) => <When at={created_at} />, nowrap: true },
  { id: "by", header: "Created by", value: creatorOf },
  { id: "used", header: "Last used", value: ({ last_used_at }) => last_used_at, cell: ({ last_used_at }) => <When at={last_used_at} />, nowrap: true },
  { id: "expires", header: "Expires", value: ({ expires_at }) => expires_at, cell: ({ expires_at }) => <When at={expires_at} due />, nowrap: true },
];

const FILTERS: Filter<Token>[] = [
  { id: "scope", label: "Scope", of: ({ scopes }) => scopes },
  { id: "by", label: "Created by", of: creatorOf },
];

export function Tokens() {
  const mayChange = may(useMe(), "access:write");
  // The URL opens the dialog, so that the command palette can.
  const [dialog, setDialog] = useUrlWord("new", ["", "token"], "");
  const [question, setQuestion] = useState<Question | null>(null);
  const list = useTokens();
  const renew = useRenew("tokens");
  const { id, kind } = useParams<{ kind?: string; id?: string }>();
  const opened = useItem(list, kind === "tokens" ? id : undefined);

  function askToRevoke(token: Token) {
    setQuestion({
      title: `Revoke “${token.name}”?`,
      text: "Requests with this token are rejected immediately. You cannot restore a revoked token.",
      verb: `Revoke “${token.name}”`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/tokens/{id}", { params: { path: { id: token.id } } }));
        await renew();
      },
      done: { title: `Token “${token.name}” is revoked.` },
    });
  }

  const actions = (token: Token) => [{ label: "Revoke…", danger: true, run: () => askToRevoke(token) }];
  const create = mayChange && (
    <Button size="compact-sm" onClick={() => setDialog("token")}>
      Create token…
    </Button>
  );
  return (
    <>
      <Panel title="Tokens" flush aside={list.items?.length === 0 ? undefined : create}>
        <DataTable
          label="Tokens"
          noun={["token", "tokens"]}
          columns={COLUMNS}
          list={list}
          keyOf={(token) => token.id}
          nameOf={(token) => token.name}
          filters={FILTERS}
          search="Name…"
          href={(token) => `/access/tokens/${token.id}`}
          {...(mayChange ? { actions } : {})}
          csv="tokens"
          empty={
            <Empty
              title="No tokens yet"
              action={create}
              lines={{
                label: "Call the HTTP API with a token",
                samples: [{ language: "shell", label: "Shell", code: `curl -H "Authorization: Bearer $OUTRIGGER_TOKEN" ${server}/api/v1/cache/stats` }],
              }}
            >
              Programs need a token to call the HTTP API. They can also use a token as the Redis password.
            </Empty>
          }
        />
      </Panel>
      <TokenDrawer token={opened} actions={mayChange && opened !== undefined ? actions(opened) : []} />
      <NewTokenDialog opened={mayChange && dialog === "token"} onClose={() => setDialog("")} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
