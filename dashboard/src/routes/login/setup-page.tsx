// The page after the first login with a one-time link. The user sets an e-mail address and a password, so that the next login needs no
// link. The page has no logout: the link no longer works, so logging out now would lock the user out.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "../../api/client";
import { formTrouble } from "../../api/problem";
import { meQuery, useMe } from "../../api/session";
import { TroubleNote } from "../../parts/trouble";
import { Gate } from "./gate";
import classes from "./gate.module.css";

export function SetupPage() {
  const me = useMe();
  const queries = useQueryClient();
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

  const trouble = formTrouble(save.error, ["email", "name", "new_password"]);
  const given = me.account?.name === "local" ? "" : (me.account?.name ?? "");
  return (
    <Gate title="Set up your account" lead="You will log in with this e-mail address and password. The link no longer works.">
      <form className={classes.form} onSubmit={onSubmit}>
        {trouble.note !== null && <TroubleNote error={trouble.note} />}
        <TextInput
          name="email"
          type="email"
          label="E-mail address"
          autoComplete="username"
          defaultValue={me.account?.email ?? ""}
          required
          autoFocus
          withAsterisk={false}
          error={trouble.at("email")}
        />
        <TextInput
          name="name"
          label="Name"
          description="Shown in the audit log"
          autoComplete="name"
          defaultValue={given}
          error={trouble.at("name")}
        />
        <PasswordInput
          name="new_password"
          label="Password"
          description="Several unrelated words make a strong password"
          autoComplete="new-password"
          required
          withAsterisk={false}
          error={trouble.at("new_password")}
        />
        <Button type="submit" loading={save.isPending} fullWidth>
          Save and continue
        </Button>
      </form>
    </Gate>
  );
}
