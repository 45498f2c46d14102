// The login page: e-mail address and password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Redirect, useSearch } from "wouter";
import { meQuery } from "../../api/session";
import { hadSession } from "../../api/session-note";
import { TroubleNote } from "../../parts/trouble";
import { safeReturn } from "../../shell/url-state";
import { Gate } from "./gate";
import classes from "./gate.module.css";
import { reasonFor } from "./reason";
import { useLogIn } from "./use-log-in";

export function LoginPage() {
  const { data: me } = useQuery(meQuery);
  const query = new URLSearchParams(useSearch());
  const { logIn, wait } = useLogIn();
  if (me) {
    return <Redirect to={safeReturn(query.get("return"))} replace />;
  }

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    logIn.mutate({ email: String(form.get("email")).trim(), password: String(form.get("password")) });
  }

  return (
    <Gate title="Log in" lead={reasonFor(query, hadSession()) ?? undefined}>
      <form className={classes.form} onSubmit={onSubmit}>
        {logIn.error && <TroubleNote error={logIn.error} />}
        <TextInput name="email" type="email" label="E-mail address" autoComplete="username" required autoFocus withAsterisk={false} />
        <PasswordInput
          name="password"
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
        />
        <Button type="submit" loading={logIn.isPending} disabled={wait > 0} fullWidth>
          {wait > 0 ? `Log in (wait ${wait} s)` : "Log in"}
        </Button>
      </form>
      <p className={classes.hint}>
        No password, or forgot it? Ask an administrator for a one-time link. If you run this server,{" "}
        <code>outrigger admin link</code> prints one for the owner account.
      </p>
    </Gate>
  );
}
