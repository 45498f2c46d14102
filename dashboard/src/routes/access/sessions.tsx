// Who is logged in, from where.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import { may } from "../../api/scopes";
import { useLogOut, useMe } from "../../api/session";
import type { Session } from "../../api/types";
import { browser } from "../../format/browser";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import { When } from "../../parts/when";

export function Sessions() {
  const queries = useQueryClient();
  const logOut = useLogOut();
  const mayRevoke = may(useMe(), "access:write");
  const [question, setQuestion] = useState<Question | null>(null);
  const list = usePages(["sessions"], (cursor) => answer(api.GET("/api/v1/access/sessions", { params: { query: { cursor } } })));

  function askToRevoke(session: Session) {
    setQuestion({
      title: session.current ? "End the session you are in?" : `End a session of ${session.account}?`,
      text: session.current ? "You will be logged out." : "That browser has to log in again. Nothing else happens.",
      verb: "End the session",
      act: async () => {
        await answer(api.DELETE("/api/v1/access/sessions/{id}", { params: { path: { id: session.id } } }));
        if (session.current) {
          await logOut();
        } else {
          await queries.invalidateQueries({ queryKey: ["sessions"] });
        }
      },
    });
  }

  return (
    <>
      <Panel title="Sessions" flush>
        <Paged list={list} empty="Nobody is logged in.">
          {(sessions) => <SessionTable sessions={sessions} onRevoke={mayRevoke ? askToRevoke : null} />}
        </Paged>
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}

interface SessionTableProps {
  sessions: Session[];
  onRevoke: ((session: Session) => void) | null;
}

function SessionTable({ sessions, onRevoke }: SessionTableProps) {
  return (
    <Table label="Sessions">
      <thead>
        <tr>
          <th scope="col">Account</th>
          <th scope="col">From</th>
          <th scope="col">Browser</th>
          <th scope="col">Logged in</th>
          <th scope="col">Last seen</th>
          <th scope="col">Ends</th>
          {onRevoke !== null && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <tr key={session.id}>
            <th scope="row">
              {session.account} {session.current && <Badge tone="lagoon">this one</Badge>}
            </th>
            <td>{session.address}</td>
            <td title={session.user_agent ?? undefined}>{browser(session.user_agent)}</td>
            <td data-nowrap>
              <When at={session.created_at} />
            </td>
            <td data-nowrap>
              <When at={session.last_seen_at} />
            </td>
            <td data-nowrap>
              <When at={session.expires_at} />
            </td>
            {onRevoke !== null && (
              <td data-number>
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => onRevoke(session)}>
                  End<span className="visually-hidden"> the session of {session.account} from {session.address}</span>…
                </Button>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
