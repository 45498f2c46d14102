// The dialog that asks the user to log in again after the session has ended. The page below keeps its content and what the user
// typed, and waiting requests continue after login.
import { Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, type FormEvent } from "react";
import { handleSessionEnd, useMe, useSessionEnded } from "../../api/session";
import { TroubleNote } from "../../parts/trouble";
import classes from "./gate.module.css";
import { useLogIn } from "./use-log-in";

/** Above every other dialog. */
const ABOVE_ALL = 500;

/** Prevents Escape from closing a dialog below this one. */
const KEEPS_ESCAPE = { "data-mantine-stop-propagation": "true" };

export function SessionEnded() {
  const ended = useSessionEnded();
  return (
    <Modal
      opened={ended}
      onClose={() => undefined}
      title="Your session has ended"
      zIndex={ABOVE_ALL}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      size="sm"
    >
      <LogInAgain />
    </Modal>
  );
}

function LogInAgain() {
  const email = useMe().account?.email;
  const queries = useQueryClient();
  const { logIn, wait } = useLogIn();
  const { reset } = logIn;
  useEffect(() => reset, [reset]);

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    logIn.mutate({ email: email ?? "", password });
  }

  const leave = (
    <Button variant="subtle" onClick={() => handleSessionEnd(queries)} {...KEEPS_ESCAPE}>
      {email ? "Log in with another account" : "Go to the login page"}
    </Button>
  );
  if (!email) {
    return (
      <>
        <p>This account has no password yet. Use a new one-time link to log in.</p>
        <div className={classes.form}>{leave}</div>
      </>
    );
  }
  return (
    <>
      <p>Log in to continue. The page keeps what you typed.</p>
      <form className={classes.form} onSubmit={onSubmit}>
        {logIn.error && <TroubleNote error={logIn.error} />}
        <TextInput label="E-mail address" type="email" value={email} readOnly autoComplete="username" {...KEEPS_ESCAPE} />
        <PasswordInput
          name="password"
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          {...KEEPS_ESCAPE}
        />
        <Button type="submit" loading={logIn.isPending} disabled={wait > 0} fullWidth {...KEEPS_ESCAPE}>
          {wait > 0 ? `Log in (wait ${wait} s)` : "Log in"}
        </Button>
        {leave}
      </form>
    </>
  );
}
