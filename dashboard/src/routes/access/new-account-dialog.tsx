// A new account. Without a password the answer carries a one-time link, so that nobody has to think one up for somebody else.
import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { fieldTrouble } from "../../api/problem";
import type { LoginLink, Role } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Select } from "../../parts/select";
import { TroubleNote } from "../../parts/trouble";
import classes from "./access.module.css";
import { ROLES, ROLE_WORDS } from "./roles";

interface NewAccountDialogProps {
  opened: boolean;
  onClose: () => void;
  onLink: (link: LoginLink) => void;
}

export function NewAccountDialog({ opened, onClose, onLink }: NewAccountDialogProps) {
  const queries = useQueryClient();
  const [role, setRole] = useState<Role>("viewer");
  const attempt = useAttempt();
  const add = useMutation({
    mutationFn: (body: { email: string; name?: string; role: Role }) =>
      answer(api.POST("/api/v1/access/accounts", { body, headers: attempt.headers(body) })),
    onSuccess: ({ link }) => {
      void queries.invalidateQueries({ queryKey: ["accounts"] });
      onClose();
      if (link) {
        onLink(link);
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
    <Modal
      opened={opened}
      onClose={onClose}
      title="Add an account"
      onExitTransitionEnd={() => {
        add.reset();
        attempt.begin();
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
        <div>
          <Select label="Role" value={role} options={ROLES} onChange={setRole} />
          <p>{ROLE_WORDS[role]}</p>
        </div>
        <p>You get a one-time link to pass on. Whoever opens it sets the password.</p>
        <Actions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add the account
          </Button>
        </Actions>
      </form>
    </Modal>
  );
}
