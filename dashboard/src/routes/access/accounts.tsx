// The list of accounts with their roles.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useParams } from "wouter";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { Account } from "../../api/types";
import { Badge } from "../../parts/badge";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column, Filter } from "../../parts/data-table/columns";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/when";
import { labelOf, useAccountActions } from "./account-actions";
import { AccountDrawer } from "./account-drawer";
import { LinkDialog, type MadeLink } from "./link-dialog";
import { useAccounts, useItem } from "./lists";
import { NewAccountDialog } from "./new-account-dialog";
import { ROLES } from "./roles";

const FILTERS: Filter<Account>[] = [
  { id: "role", label: "Role", of: ({ role }) => role, options: ROLES },
  { id: "state", label: "State", of: ({ disabled }) => (disabled ? "disabled" : "active"), options: [
    { value: "active", label: "active" },
    { value: "disabled", label: "disabled" },
  ] },
];

export function Accounts() {
  const me = useMe();
  const mayChange = may(me, "access:write");
  const list = useAccounts();
  const { id, kind } = useParams<{ kind?: string; id?: string }>();
  const opened = useItem(list, kind === "accounts" ? id : undefined);
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<MadeLink | null>(null);
  const { actions, dialogs } = useAccountActions();

  const columns: Column<Account>[] = [
    { id: "name", header: "Name", value: ({ name }) => name },
    {
      id: "email",
      header: "E-mail address",
      value: ({ email }) => email,
      cell: (account) => (
        <>
          {account.email ?? "none yet"} {account.id === me.account?.id && <Badge tone="lagoon">you</Badge>}
          {account.disabled && <Badge tone="warn">disabled</Badge>}
        </>
      ),
    },
    { id: "role", header: "Role", value: ({ role }) => role, card: "aside" },
    { id: "login", header: "Last login", value: ({ last_login_at }) => last_login_at, cell: ({ last_login_at }) => <When at={last_login_at} />, nowrap: true },
    { id: "created", header: "Created", value: ({ created_at }) => created_at, cell: ({ created_at }) => <When at={created_at} />, nowrap: true },
  ];
  return (
    <>
      <Panel
        title="Accounts"
        flush
        aside={
          mayChange && (
            <Button size="compact-sm" onClick={() => setAdding(true)}>
              Add an account…
            </Button>
          )
        }
      >
        <DataTable
          label="Accounts"
          noun={["account", "accounts"]}
          columns={columns}
          list={list}
          keyOf={(account) => account.id}
          nameOf={labelOf}
          filters={FILTERS}
          search="Name, address…"
          href={(account) => `/access/accounts/${account.id}`}
          {...(mayChange ? { actions } : {})}
          csv="accounts"
          empty="No accounts."
        />
      </Panel>
      <AccountDrawer account={opened} actions={mayChange && opened !== undefined ? actions(opened) : []} />
      <NewAccountDialog opened={adding} onClose={() => setAdding(false)} onLink={setLink} />
      <LinkDialog link={link} onClose={() => setLink(null)} />
      {dialogs}
    </>
  );
}
