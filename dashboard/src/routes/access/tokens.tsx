// The tokens with which programs call.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { Token } from "../../api/types";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import { When } from "../../parts/when";
import classes from "./access.module.css";
import { NewTokenDialog } from "./new-token-dialog";

export function Tokens() {
  const queries = useQueryClient();
  const mayChange = may(useMe(), "access:write");
  const [adding, setAdding] = useState(false);
  const [question, setQuestion] = useState<Question | null>(null);
  const list = usePages(["tokens"], (cursor) => answer(api.GET("/api/v1/access/tokens", { params: { query: { cursor } } })));

  function askToRevoke(token: Token) {
    setQuestion({
      title: `Revoke “${token.name}”?`,
      text: "Whatever still uses it is refused from now on. A revoked token does not come back.",
      verb: `Revoke “${token.name}”`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/tokens/{id}", { params: { path: { id: token.id } } }));
        await queries.invalidateQueries({ queryKey: ["tokens"] });
      },
    });
  }

  return (
    <>
      <Panel
        title="Tokens"
        flush
        aside={
          mayChange && (
            <Button size="compact-sm" onClick={() => setAdding(true)}>
              Make a token…
            </Button>
          )
        }
      >
        <Paged list={list} empty="No tokens yet. A program needs one to call the HTTP interface.">
          {(tokens) => <TokenTable tokens={tokens} onRevoke={mayChange ? askToRevoke : null} />}
        </Paged>
      </Panel>
      <NewTokenDialog opened={adding} onClose={() => setAdding(false)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke: ((token: Token) => void) | null }) {
  return (
    <Table label="Tokens">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Begins with</th>
          <th scope="col">May</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col">Ends</th>
          {onRevoke !== null && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <th scope="row">{token.name}</th>
            <td>
              <code>{token.hint}…</code>
            </td>
            <td>
              <span className={classes.list}>
                {token.scopes.map((scope) => (
                  <Badge key={scope}>{scope}</Badge>
                ))}
              </span>
            </td>
            <td data-nowrap>
              <When at={token.created_at} /> by {token.created_by}
            </td>
            <td data-nowrap>
              <When at={token.last_used_at} />
            </td>
            <td data-nowrap>
              <When at={token.expires_at} />
            </td>
            {onRevoke !== null && (
              <td data-number>
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => onRevoke(token)}>
                  Revoke<span className="visually-hidden"> {token.name}</span>…
                </Button>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
