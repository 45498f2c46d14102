// Who may log in, and as what.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { usePages } from "../../api/pages";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import type { Account, LoginLink, Role } from "../../api/types";
import { Badge } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { Paged } from "../../parts/paged";
import { Panel } from "../../parts/panel";
import { Select } from "../../parts/select";
import { Table } from "../../parts/table";
import { TroubleNote } from "../../parts/trouble";
import { When } from "../../parts/when";
import classes from "./access.module.css";
import { LinkDialog } from "./link-dialog";
import { NewAccountDialog } from "./new-account-dialog";
import { ROLES } from "./roles";

interface Change {
  id: string;
  body: { role?: Role; disabled?: boolean };
}

export function Accounts() {
  const me = useMe();
  const queries = useQueryClient();
  const mayChange = may(me, "access:write");
  const list = usePages(["accounts"], (cursor) => answer(api.GET("/api/v1/access/accounts", { params: { query: { cursor } } })));
  const renew = () => queries.invalidateQueries({ queryKey: ["accounts"] });
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<LoginLink | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const change = useMutation({
    mutationFn: ({ id, body }: Change) =>
      answer(api.PATCH("/api/v1/access/accounts/{id}", { params: { path: { id } }, body })),
    onSettled: renew,
  });
  const linkAttempt = useAttempt();
  const makeLink = useMutation({
    mutationFn: (account: string) =>
      answer(api.POST("/api/v1/access/login-links", { body: { account }, headers: linkAttempt.headers(account) })),
    onSuccess: (made) => {
      linkAttempt.begin();
      setLink(made);
    },
  });

  function askToDelete(account: Account) {
    const name = account.email ?? account.name;
    setQuestion({
      title: `Delete ${name}?`,
      text: "The account can no longer log in. Its sessions end and the tokens it made stop working now.",
      verb: `Delete ${name}`,
      act: async () => {
        await answer(api.DELETE("/api/v1/access/accounts/{id}", { params: { path: { id: account.id } } }));
        await renew();
      },
    });
  }

  return (
    <>
      {change.error && <TroubleNote error={change.error} />}
      {makeLink.error && <TroubleNote error={makeLink.error} />}
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
        <Paged list={list} empty="No accounts.">
          {(accounts) => (
            <AccountTable
              accounts={accounts}
              self={me.account?.id}
              mayChange={mayChange}
              onChange={(id, body) => change.mutate({ id, body })}
              onLink={(account) => makeLink.mutate(account.id)}
              onDelete={askToDelete}
            />
          )}
        </Paged>
      </Panel>
      <NewAccountDialog opened={adding} onClose={() => setAdding(false)} onLink={setLink} />
      <LinkDialog link={link} onClose={() => setLink(null)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  );
}

interface AccountTableProps {
  accounts: Account[];
  self: string | undefined;
  mayChange: boolean;
  onChange: (id: string, body: Change["body"]) => void;
  onLink: (account: Account) => void;
  onDelete: (account: Account) => void;
}

function AccountTable({ accounts, self, mayChange, ...does }: AccountTableProps) {
  return (
    <Table label="Accounts">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">E-mail address</th>
          <th scope="col">Role</th>
          <th scope="col">Last login</th>
          <th scope="col">Created</th>
          {mayChange && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <AccountRow key={account.id} account={account} own={account.id === self} mayChange={mayChange} {...does} />
        ))}
      </tbody>
    </Table>
  );
}

interface AccountRowProps extends Omit<AccountTableProps, "accounts" | "self"> {
  account: Account;
  own: boolean;
}

function AccountRow({ account, own, mayChange, onChange, onLink, onDelete }: AccountRowProps) {
  const name = account.email ?? account.name;
  return (
    <tr>
      <th scope="row">
        {account.name} {own && <Badge tone="lagoon">you</Badge>} {account.disabled && <Badge tone="warn">disabled</Badge>}
      </th>
      <td>{account.email ?? "none yet"}</td>
      <td>
        {mayChange && !own ? (
          <Select
            label={`Role of ${name}`}
            quiet
            value={account.role}
            options={ROLES}
            onChange={(role) => onChange(account.id, { role })}
          />
        ) : (
          account.role
        )}
      </td>
      <td data-nowrap>
        <When at={account.last_login_at} />
      </td>
      <td data-nowrap>
        <When at={account.created_at} />
      </td>
      {mayChange && (
        <td>
          <div className={classes.buttons}>
            <Button size="compact-xs" variant="subtle" onClick={() => onLink(account)}>
              Login link<span className="visually-hidden"> for {name}</span>
            </Button>
            {!own && (
              <>
                <Button size="compact-xs" variant="subtle" onClick={() => onChange(account.id, { disabled: !account.disabled })}>
                  {account.disabled ? "Enable" : "Disable"}
                  <span className="visually-hidden"> {name}</span>
                </Button>
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => onDelete(account)}>
                  Delete<span className="visually-hidden"> {name}</span>…
                </Button>
              </>
            )}
          </div>
        </td>
      )}
    </tr>
  );
}
