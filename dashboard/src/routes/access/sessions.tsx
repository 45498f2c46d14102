// The list of sessions of all accounts.
import { useState } from "react";
import { Link } from "wouter";
import { answer, api } from "../../api/client";
import { may } from "../../api/scopes";
import { useLogOut, useMe } from "../../api/session";
import type { Session } from "../../api/types";
import { browser } from "../../format/browser";
import { counted } from "../../format/numbers";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column } from "../../parts/data-table/columns";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/when";
import { useRenew, useSessions } from "./lists";

const COLUMNS: Column<Session>[] = [
  {
    id: "account",
    header: "Account",
    value: ({ account }) => account,
    cell: ({ account, account_id, current }) => (
      <>
        <Link href={`/access/accounts/${account_id}`}>{account}</Link> {current && <Badge tone="lagoon">this browser</Badge>}
      </>
    ),
  },
  { id: "from", header: "Address", value: ({ address }) => address },
  {
    id: "browser",
    header: "Browser",
    value: ({ user_agent }) => browser(user_agent),
    cell: ({ user_agent }) => <span title={user_agent}>{browser(user_agent)}</span>,
  },
  { id: "created", header: "Created", value: ({ created_at }) => created_at, cell: ({ created_at }) => <When at={created_at} />, nowrap: true },
  { id: "seen", header: "Last used", value: ({ last_seen_at }) => last_seen_at, cell: ({ last_seen_at }) => <When at={last_seen_at} />, nowrap: true },
  { id: "expires", header: "Expires", value: ({ expires_at }) => expires_at, cell: ({ expires_at }) => <When at={expires_at} due />, nowrap: true },
];

export function Sessions() {
  const logOut = useLogOut();
  const mayRevoke = may(useMe(), "access:write");
  const [question, setQuestion] = useState<Question | null>(null);
  const list = useSessions();
  const renew = useRenew("sessions");

  const end = (session: Session) => answer(api.DELETE("/api/v1/access/sessions/{id}", { params: { path: { id: session.id } } }));

  function askToEnd(session: Session) {
    setQuestion({
      title: session.current ? "End your current session?" : `End a session of ${session.account}?`,
      text: session.current ? "You will be logged out." : "The browser has to log in again. Nothing else changes.",
      verb: "End the session",
      act: async () => {
        await end(session);
        await (session.current ? logOut() : renew());
      },
      done: { title: session.current ? "You are logged out." : `Ended a session of ${session.account}.` },
    });
  }

  function askToEndAll(sessions: Session[], clear: () => void) {
    // Never end the current session here: the page would lose its session before the other requests are sent.
    const others = sessions.filter(({ current }) => !current);
    setQuestion({
      title: `End ${counted(others.length, "session", "sessions")}?`,
      text: "The browsers have to log in again. Nothing else changes.",
      verb: `End ${counted(others.length, "session", "sessions")}`,
      act: async () => {
        await Promise.all(others.map(end));
        clear();
        await renew();
      },
      done: { title: `${counted(others.length, "session", "sessions")} ended.` },
    });
  }

  return (
    <>
      <Panel title="Sessions" flush>
        <DataTable
          label="Sessions"
          noun={["session", "sessions"]}
          columns={COLUMNS}
          list={list}
          keyOf={(session) => session.id}
          nameOf={(session) => `the session of ${session.account} from ${session.address}`}
          filters={[{ id: "account", label: "Account", of: ({ account }) => account }]}
          search="Account, address…"
          {...(mayRevoke
            ? {
                actions: (session: Session) => [{ label: "End session…", danger: true, run: () => askToEnd(session) }],
                bulk: (sessions: Session[], clear: () => void) => [
                  {
                    label: "End sessions…",
                    danger: true,
                    disabled: sessions.every(({ current }) => current),
                    run: () => askToEndAll(sessions, clear),
                  },
                ],
              }
            : {})}
          csv="sessions"
          empty="No sessions."
        />
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
