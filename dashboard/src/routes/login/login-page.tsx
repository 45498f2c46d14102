// Signing in with e-mail address and password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Redirect, useSearch } from "wouter";
import { answer, api } from "../../api/client";
import { meQuery } from "../../api/session";
import { TroubleNote } from "../../parts/trouble";
import { safeReturn } from "../../shell/url-state";
import { Gate } from "./gate";
import classes from "./gate.module.css";
import { useWait } from "./use-wait";

export function LoginPage() {
  const { data: me } = useQuery(meQuery);
  const search = useSearch();
  const queries = useQueryClient();
  const [failedAt, setFailedAt] = useState(0);
  const logIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => answer(api.POST("/api/v1/access/login", { body })),
    // A wrong password is no ended session.
    onError: () => setFailedAt(Date.now()),
    onSuccess: (who) => queries.setQueryData(meQuery.queryKey, who),
  });
  const wait = useWait(logIn.error, failedAt);
  if (me) {
    return <Redirect to={safeReturn(new URLSearchParams(search).get("return"))} replace />;
  }

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    logIn.mutate({ email: String(form.get("email")).trim(), password: String(form.get("password")) });
  }

  return (
    <Gate title="Log in">
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
        No password yet, or forgotten? Whoever runs the server gets a one-time link with <code>outrigger admin link</code>.
      </p>
    </Gate>
  );
}
