// The first thing after a one-time link: the account gets an address and a password, so that the next login needs no terminal.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "../../api/client";
import { fieldTrouble } from "../../api/problem";
import { meQuery, useLogOut, useMe } from "../../api/session";
import { TroubleNote } from "../../parts/trouble";
import { Gate } from "./gate";
import classes from "./gate.module.css";

export function SetupPage() {
  const me = useMe();
  const queries = useQueryClient();
  const logOut = useLogOut();
  const save = useMutation({
    mutationFn: (body: { email: string; name?: string; new_password: string }) =>
      answer(api.PUT("/api/v1/access/me", { body })),
    onSuccess: (who) => queries.setQueryData(meQuery.queryKey, who),
  });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name")).trim();
    save.mutate({
      email: String(form.get("email")).trim(),
      new_password: String(form.get("new_password")),
      ...(name === "" ? {} : { name }),
    });
  }

  const given = me.account?.name === "local" ? "" : (me.account?.name ?? "");
  return (
    <Gate title="Make this account yours" lead="From now on you log in with these; the link no longer works.">
      <form className={classes.form} onSubmit={onSubmit}>
        {save.error && <TroubleNote error={save.error} />}
        <TextInput
          name="email"
          type="email"
          label="E-mail address"
          autoComplete="username"
          defaultValue={me.account?.email ?? ""}
          required
          autoFocus
          withAsterisk={false}
          error={fieldTrouble(save.error, "email")}
        />
        <TextInput
          name="name"
          label="Name"
          description="As others see it in the audit log"
          autoComplete="name"
          defaultValue={given}
          error={fieldTrouble(save.error, "name")}
        />
        <PasswordInput
          name="new_password"
          label="Password"
          description="A few unusual words are better than a short riddle"
          autoComplete="new-password"
          required
          withAsterisk={false}
          error={fieldTrouble(save.error, "new_password")}
        />
        <Button type="submit" loading={save.isPending} fullWidth>
          Save and continue
        </Button>
        <Button variant="subtle" onClick={() => void logOut()}>
          Log out
        </Button>
      </form>
    </Gate>
  );
}
