// Your own sessions, with buttons to end them.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { usePages } from "../../api/pages";
import type { Session } from "../../api/types";
import { browser } from "../../format/browser";
import { counted } from "../../format/numbers";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { useToasts } from "../../parts/toasts";
import { When } from "../../parts/when";
import classes from "./account.module.css";

const KEY = ["own", "sessions"];

function load(cursor: string | undefined) {
  return answer(api.GET("/api/v1/access/me/sessions", { params: { query: { cursor } } }));
}

function end(id: string) {
  return answer(api.DELETE("/api/v1/access/me/sessions/{id}", { params: { path: { id } } }));
}

/** Ends all other sessions. Returns how many sessions ended. */
async function endOthers(): Promise<number> {
  const others: Session[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await load(cursor);
    others.push(...items.filter(({ current }) => !current));
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  for (const { id } of others) {
    await end(id);
  }
  return others.length;
}

export function OwnSessions() {
  const queries = useQueryClient();
  const { show } = useToasts();
  const [question, setQuestion] = useState<Question | null>(null);
  const list = usePages(KEY, load);
  const hasOthers = list.items?.some(({ current }) => !current) ?? false;

  async function after(done: string) {
    show({ title: done });
    await queries.invalidateQueries({ queryKey: KEY });
  }

  function askToEnd(session: Session) {
    setQuestion({
      title: `Log out of ${browser(session.user_agent)}?`,
      text: `The browser at ${session.address} has to log in again.`,
      verb: "Log out there",
      act: async () => {
        await end(session.id);
        await after("Session ended.");
      },
    });
  }

  function askToEndOthers() {
    setQuestion({
      title: "Log out everywhere else?",
      text: "All other browsers have to log in again. This browser stays logged in.",
      verb: "Log out everywhere else",
      act: async () => after(`${counted(await endOthers(), "session", "sessions")} ended.`),
    });
  }

  return (
    <>
      <Panel
        title="Your sessions"
        guide="access"
        flush
        aside={
          hasOthers && (
            <Button size="compact-sm" variant="default" onClick={askToEndOthers}>
              Log out everywhere else…
            </Button>
          )
        }
      >
        <Paged list={list} empty="You have no sessions.">
          {(sessions) => (
            <ul className={classes.rows}>
              {sessions.map((session) => (
                <li key={session.id} className={classes.row}>
                  <div className={classes.about}>
                    <span className={classes.name}>
                      <span title={session.user_agent ?? undefined}>{browser(session.user_agent)}</span>
                      {session.current && <Badge tone="lagoon">this browser</Badge>}
                    </span>
                    <span className={classes.facts}>
                      <span>{session.address}</span>
                      <span>
                        Logged in <When at={session.created_at} />
                      </span>
                      <span>
                        Last used <When at={session.last_seen_at} />
                      </span>
                      <span>
                        Expires <When at={session.expires_at} />
                      </span>
                    </span>
                  </div>
                  {!session.current && (
                    <Button size="compact-sm" variant="subtle" color="red" onClick={() => askToEnd(session)}>
                      Log out<span className="visually-hidden"> of {browser(session.user_agent)} at {session.address}</span>…
                    </Button>
                  )}
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
