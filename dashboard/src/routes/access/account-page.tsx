// Your own account: name, address, password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "../../api/client";
import { fieldTrouble } from "../../api/problem";
import { meQuery, useMe } from "../../api/session";
import { PageHead } from "../../parts/page-head";
import { Panel } from "../../parts/panel";
import { TroubleNote } from "../../parts/trouble";
import { When } from "../../parts/when";
import classes from "./access.module.css";
import { ROLE_WORDS } from "./roles";

interface Changes {
  name?: string;
  email?: string;
  new_password?: string;
  current_password?: string;
}

function useChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Changes) => answer(api.PUT("/api/v1/access/me", { body })),
    onSuccess: (who) => queries.setQueryData(meQuery.queryKey, who),
  });
}

export function AccountPage() {
  const me = useMe();
  return (
    <>
      <PageHead
        title="Your account" guide="access#passwords-and-sessions"
        lead={
          me.account && (
            <>
              You are {me.account.role}. {ROLE_WORDS[me.account.role]} This session ends <When at={me.expires_at} />.
            </>
          )
        }
      />
      <div className={classes.halves}>
        <Panel title="Who you are">
          <Identity />
        </Panel>
        <Panel title="Password">
          <Password />
        </Panel>
      </div>
    </>
  );
}

function Identity() {
  const { account } = useMe();
  const change = useChange();

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get("email")).trim();
    const changed = email !== (account?.email ?? "");
    change.mutate({
      name: String(form.get("name")).trim(),
      ...(changed ? { email, current_password: String(form.get("current_password")) } : {}),
    });
  }

  return (
    <form className={`${classes.form} ${classes.narrow}`} onSubmit={onSubmit}>
      {change.error && <TroubleNote error={change.error} />}
      <TextInput name="name" label="Name" defaultValue={account?.name} autoComplete="name" error={fieldTrouble(change.error, "name")} />
      <TextInput
        name="email"
        type="email"
        label="E-mail address"
        defaultValue={account?.email ?? ""}
        autoComplete="username"
        required
        withAsterisk={false}
        error={fieldTrouble(change.error, "email")}
      />
      <PasswordInput
        name="current_password"
        label="Current password"
        description="Only for a new e-mail address"
        autoComplete="current-password"
        error={fieldTrouble(change.error, "current_password")}
      />
      <Save pending={change.isPending} done={change.isSuccess} label="Save" />
    </form>
  );
}

function Password() {
  const change = useChange();

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    change.mutate(
      { current_password: String(values.get("current_password")), new_password: String(values.get("new_password")) },
      { onSuccess: () => form.reset() },
    );
  }

  return (
    <form className={`${classes.form} ${classes.narrow}`} onSubmit={onSubmit}>
      {change.error && <TroubleNote error={change.error} />}
      <PasswordInput
        name="current_password"
        label="Current password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        error={fieldTrouble(change.error, "current_password")}
      />
      <PasswordInput
        name="new_password"
        label="New password"
        description="A few unusual words are better than a short riddle"
        autoComplete="new-password"
        required
        withAsterisk={false}
        error={fieldTrouble(change.error, "new_password")}
      />
      <Save pending={change.isPending} done={change.isSuccess} label="Change the password" />
    </form>
  );
}

function Save({ pending, done, label }: { pending: boolean; done: boolean; label: string }) {
  return (
    <div className={classes.filters}>
      <Button type="submit" loading={pending}>
        {label}
      </Button>
      <span role="status">{done ? "Saved." : ""}</span>
    </div>
  );
}
