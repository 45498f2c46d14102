// The drawer of a token: its details and audit log entries.
import { Link } from "wouter";
import type { Token } from "../../api/types";
import { Badge } from "../../parts/badge";
import { Drawer } from "../../parts/drawer";
import { Facts, Section } from "../../parts/facts";
import { RowMenu, type MenuAction } from "../../parts/row-menu";
import { When } from "../../parts/when";
import { labelOf } from "./account-actions";
import classes from "./access.module.css";
import { AuditEntries } from "./audit-entries";
import { useAccounts } from "./lists";
import { creatorOf } from "./token-words";

/** The drawer is closed while `token` is undefined. */
export function TokenDrawer({ token, actions }: { token: Token | undefined; actions: readonly MenuAction[] }) {
  return (
    <Drawer
      opened={token !== undefined}
      list="/access?tab=tokens"
      title={token?.name}
      actions={token && <RowMenu name={token.name} actions={actions} />}
    >
      {token && <Details token={token} />}
    </Drawer>
  );
}

function Details({ token }: { token: Token }) {
  const { items } = useAccounts();
  const account = items?.find(({ id }) => id === token.account_id);
  return (
    <>
      <Facts
        facts={[
          { name: "Begins with", value: <code>{token.hint}…</code> },
          {
            name: "Scopes",
            value: (
              <span className={classes.list}>
                {token.scopes.map((scope) => (
                  <Badge key={scope}>{scope}</Badge>
                ))}
              </span>
            ),
          },
          { name: "Created", value: <When at={token.created_at} /> },
          { name: "Created by", value: creatorOf(token) },
          { name: "Belongs to", value: account && <Link href={`/access/accounts/${account.id}`}>{labelOf(account)}</Link> },
          ...(token.parent_id == null
            ? []
            : [{ name: "Created with", value: <Link href={`/access/tokens/${token.parent_id}`}>another token, and revoked with it</Link> }]),
          { name: "Last used", value: <When at={token.last_used_at} /> },
          { name: "Expires", value: <When at={token.expires_at} due /> },
        ]}
      />
      <Section title="Audit log" aside={<Link href={`/access?tab=audit&actor=${token.id}`}>All entries by this token</Link>}>
        <AuditEntries id={token.id} />
      </Section>
    </>
  );
}
