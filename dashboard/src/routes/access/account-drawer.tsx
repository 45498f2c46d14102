// The drawer of an account: its details, sessions, tokens and audit log entries.
import { Link } from "wouter";
import type { Account } from "../../api/types";
import { browser } from "../../format/browser";
import { Badge } from "../../parts/badge";
import { Drawer } from "../../parts/drawer";
import { Facts, Related, Section } from "../../parts/facts";
import { RowMenu, type MenuAction } from "../../parts/row-menu";
import { Skeleton } from "../../parts/skeleton";
import { When } from "../../parts/when";
import { labelOf } from "./account-actions";
import classes from "./access.module.css";
import { AuditEntries } from "./audit-entries";
import { useSessions, useTokens } from "./lists";
import { ROLE_WORDS } from "./roles";
import { creatorOf } from "./token-words";

/** The latest tokens that the drawer lists. */
const TOKENS_SHOWN = 10;

/** The drawer is closed while `account` is undefined. */
export function AccountDrawer({ account, actions }: { account: Account | undefined; actions: readonly MenuAction[] }) {
  return (
    <Drawer
      opened={account !== undefined}
      list="/access"
      title={account?.name}
      actions={account && <RowMenu name={labelOf(account)} actions={actions} />}
    >
      {account && <Details account={account} />}
    </Drawer>
  );
}

function Details({ account }: { account: Account }) {
  return (
    <>
      <Facts
        facts={[
          { name: "E-mail address", value: account.email ?? "none yet" },
          {
            name: "Role",
            value: (
              <>
                {account.role}
                <div className={classes.aside}>{ROLE_WORDS[account.role]}</div>
              </>
            ),
          },
          { name: "State", value: account.disabled ? <Badge tone="warn">disabled</Badge> : <Badge tone="ok">active</Badge> },
          { name: "Last login", value: <When at={account.last_login_at} /> },
          { name: "Created", value: <When at={account.created_at} /> },
        ]}
      />
      <SessionsOf account={account} />
      <TokensOf account={account} />
      <Section title="Audit log" aside={<Link href={`/access?tab=audit&actor=${account.id}`}>All entries by {account.name}</Link>}>
        <AuditEntries id={account.id} />
      </Section>
    </>
  );
}

function SessionsOf({ account }: { account: Account }) {
  const { items } = useSessions();
  const own = items?.filter(({ account_id }) => account_id === account.id);
  return (
    <Section title="Sessions" aside={<Link href={`/access?tab=sessions&q=${encodeURIComponent(labelOf(account))}`}>Show in the list</Link>}>
      {own === undefined ? (
        <Skeleton lines={2} />
      ) : own.length === 0 ? (
        <p className={classes.aside}>No sessions.</p>
      ) : (
        <Related label="Sessions">
          {own.map((session) => (
            <li key={session.id}>
              {browser(session.user_agent)} from {session.address} {session.current && <Badge tone="lagoon">this browser</Badge>}
              <div className={classes.aside}>
                Last used <When at={session.last_seen_at} />, expires <When at={session.expires_at} due />
              </div>
            </li>
          ))}
        </Related>
      )}
    </Section>
  );
}

/** The tokens that belong to the account, which includes those that the command line created for the owner account. */
function TokensOf({ account }: { account: Account }) {
  const { items } = useTokens();
  const own = items?.filter(({ account_id }) => account_id === account.id);
  return (
    <Section title="Tokens" aside={own !== undefined && own.length > TOKENS_SHOWN && <Link href="/access?tab=tokens">Show in the list</Link>}>
      {own === undefined ? (
        <Skeleton lines={2} />
      ) : own.length === 0 ? (
        <p className={classes.aside}>No tokens.</p>
      ) : (
        <Related label="Tokens">
          {own.slice(0, TOKENS_SHOWN).map((token) => (
            <li key={token.id}>
              <Link href={`/access/tokens/${token.id}?tab=tokens`}>{token.name}</Link>{" "}
              {token.scopes.map((scope) => (
                <Badge key={scope}>{scope}</Badge>
              ))}
              <div className={classes.aside}>
                Created by {creatorOf(token)}, {lastUse(token.last_used_at)}, expires <When at={token.expires_at} due />
              </div>
            </li>
          ))}
        </Related>
      )}
    </Section>
  );
}

function lastUse(at: string | null | undefined) {
  return at == null ? (
    "never used"
  ) : (
    <>
      last used <When at={at} />
    </>
  );
}
