// Your own tokens.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import type { Token } from "../../api/types";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { useToasts } from "../../parts/toasts";
import { When } from "../../parts/when";
import classes from "./account.module.css";
import { creatorOf } from "./token-words";

const KEY = ["own", "tokens"];

export function OwnTokens() {
  const queries = useQueryClient();
  const { show } = useToasts();
  const [question, setQuestion] = useState<Question | null>(null);
  const list = usePages(KEY, (cursor) => answer(api.GET("/api/v1/access/me/tokens", { params: { query: { cursor } } })));

  function askToRevoke({ id, name }: Token) {
    setQuestion({
      title: `Revoke “${name}”?`,
      text: "Requests with this token are rejected immediately. You cannot restore a revoked token.",
      verb: `Revoke “${name}”`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/me/tokens/{id}", { params: { path: { id } } }));
        show({ title: `Token “${name}” revoked.` });
        await queries.invalidateQueries({ queryKey: KEY });
      },
    });
  }

  return (
    <>
      <Panel title="Your tokens" guide="access#tokens" flush>
        <Paged list={list} empty="You have no tokens. A program needs one to call the HTTP API.">
          {(tokens) => (
            <ul className={classes.rows}>
              {tokens.map((token) => (
                <li key={token.id} className={classes.row}>
                  <div className={classes.about}>
                    <span className={classes.name}>
                      {token.name} <code>{token.hint}…</code>
                    </span>
                    <span className={classes.scopes}>
                      {token.scopes.map((scope) => (
                        <Badge key={scope}>{scope}</Badge>
                      ))}
                    </span>
                    <span className={classes.facts}>
                      <span>
                        Created <When at={token.created_at} /> by {creatorOf(token)}
                      </span>
                      <span>
                        {token.last_used_at == null ? (
                          "Never used"
                        ) : (
                          <>
                            Last used <When at={token.last_used_at} />
                          </>
                        )}
                      </span>
                      <span>
                        Expires <When at={token.expires_at} due />
                      </span>
                    </span>
                  </div>
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => askToRevoke(token)}>
                    Revoke<span className="visually-hidden"> {token.name}</span>…
                  </Button>
                </li>
              ))}
            </ul>
          )}
        </Paged>
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
