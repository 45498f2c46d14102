// Forms to change your name, e-mail address and password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { formTrouble } from "../../api/problem";
import { meQuery, useMe } from "../../api/session";
import { useToasts } from "../../parts/toasts";
import { TroubleNote } from "../../parts/trouble";
import classes from "./account.module.css";

interface Changes {
  name?: string;
  email?: string;
  new_password?: string;
  current_password?: string;
}

/** A user who forgot the password logs in with a link and cannot enter the current password. */
const LINK_HINT = "Not needed in the first 30 minutes after you log in with a link";

/** The current password from the form; an empty object if the field is empty. */
function currentPassword(form: FormData): { current_password?: string } {
  const password = String(form.get("current_password") ?? "");
  return password === "" ? {} : { current_password: password };
}

function useChange(done: string) {
  const queries = useQueryClient();
  const { show } = useToasts();
  return useMutation({
    mutationFn: (body: Changes) => answer(api.PUT("/api/v1/access/me", { body })),
    onSuccess: async (who) => {
      queries.setQueryData(meQuery.queryKey, who);
      show({ title: done });
      // A new password ends the other sessions.
      await queries.invalidateQueries({ queryKey: ["own", "sessions"] });
    },
  });
}

export function OwnProfile() {
  const { account } = useMe();
  const change = useChange("Profile saved.");
  const [email, setEmail] = useState(account?.email ?? "");
  const isNewEmail = email.trim() !== (account?.email ?? "");
  const trouble = formTrouble(change.error, isNewEmail ? ["name", "email", "current_password"] : ["name", "email"]);

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate({
      name: String(form.get("name")).trim(),
      ...(isNewEmail ? { email: email.trim(), ...currentPassword(form) } : {}),
    });
  }

  return (
    <form className={classes.form} onSubmit={onSubmit}>
      {trouble.note !== null && <TroubleNote error={trouble.note} />}
      <TextInput name="name" label="Name" defaultValue={account?.name} autoComplete="name" error={trouble.at("name")} />
      <TextInput
        name="email"
        type="email"
        label="E-mail address"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        autoComplete="username"
        required
        withAsterisk={false}
        error={trouble.at("email")}
      />
      {isNewEmail && (
        <PasswordInput
          name="current_password"
          label="Password to confirm the new e-mail address"
          description={LINK_HINT}
          autoComplete="current-password"
          error={trouble.at("current_password")}
        />
      )}
      <Button type="submit" loading={change.isPending}>
        Save
      </Button>
    </form>
  );
}

export function OwnPassword() {
  const change = useChange("Password changed. Your other sessions have ended.");
  const trouble = formTrouble(change.error, ["current_password", "new_password"]);

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    change.mutate(
      { ...currentPassword(values), new_password: String(values.get("new_password")) },
      { onSuccess: () => form.reset() },
    );
  }

  return (
    <form className={classes.form} onSubmit={onSubmit}>
      {trouble.note !== null && <TroubleNote error={trouble.note} />}
      <PasswordInput
        name="current_password"
        label="Current password"
        description={LINK_HINT}
        autoComplete="current-password"
        error={trouble.at("current_password")}
      />
      <PasswordInput
        name="new_password"
        label="New password"
        description="Several unrelated words make a strong password"
        autoComplete="new-password"
        required
        withAsterisk={false}
        error={trouble.at("new_password")}
      />
      <Button type="submit" loading={change.isPending}>
        Change password
      </Button>
    </form>
  );
}
