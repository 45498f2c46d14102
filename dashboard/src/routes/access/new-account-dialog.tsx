// The dialog that adds an account. It sends no password: the response contains a one-time link, and the user chooses a password.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { fieldTrouble } from "../../api/problem";
import type { Role } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Dialog } from "../../parts/dialog";
import { useToasts } from "../../parts/toasts";
import { TroubleNote } from "../../parts/trouble";
import { labelOf } from "./account-actions";
import classes from "./access.module.css";
import type { MadeLink } from "./link-dialog";
import { useRenew } from "./lists";
import { RolePicker } from "./role-dialog";

interface NewAccountDialogProps {
  opened: boolean;
  onClose: () => void;
  onLink: (link: MadeLink) => void;
}

export function NewAccountDialog({ opened, onClose, onLink }: NewAccountDialogProps) {
  const { show } = useToasts();
  const renew = useRenew("accounts");
  const [role, setRole] = useState<Role>("viewer");
  const attempt = useAttempt();
  const add = useMutation({
    mutationFn: (body: { email: string; name?: string; role: Role }) =>
      answer(api.POST("/api/v1/access/accounts", { body, headers: attempt.headers(body) })),
    onSuccess: ({ account, link }) => {
      void renew();
      onClose();
      show({ title: `${labelOf(account)} was added as ${account.role}.` });
      if (link) {
        onLink({ ...link, account: labelOf(account) });
      }
    },
  });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name")).trim();
    add.mutate({ email: String(form.get("email")).trim(), role, ...(name === "" ? {} : { name }) });
  }

  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title="Add an account"
      onClosed={() => {
        add.reset();
        attempt.begin();
        setRole("viewer");
      }}
    >
      <form className={classes.form} onSubmit={onSubmit}>
        {add.error && <TroubleNote error={add.error} />}
        <TextInput
          name="email"
          type="email"
          label="E-mail address"
          required
          withAsterisk={false}
          data-autofocus
          error={fieldTrouble(add.error, "email")}
        />
        <TextInput name="name" label="Name" error={fieldTrouble(add.error, "name")} />
        <RolePicker role={role} onChange={setRole} />
        <p>You get a one-time login link to send to the user, who then sets a password.</p>
        <Actions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add the account
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}
