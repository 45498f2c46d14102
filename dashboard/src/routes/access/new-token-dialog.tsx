// Makes a token and shows it once: the server keeps only a hash, so there is no second look.
import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { fieldTrouble } from "../../api/problem";
import type { CreatedToken } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Lines } from "../../parts/copy";
import { Select } from "../../parts/select";
import { TroubleNote } from "../../parts/trouble";
import classes from "./access.module.css";
import { ScopePicker, withoutImplied } from "./scope-picker";

const LIVES = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "A year" },
  { value: "never", label: "Until it is revoked" },
] as const;
type Life = (typeof LIVES)[number]["value"];

interface NewTokenDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function NewTokenDialog({ opened, onClose }: NewTokenDialogProps) {
  const [made, setMade] = useState<CreatedToken | null>(null);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={made === null ? "Make a token" : `Token “${made.name}”`}
      closeOnClickOutside={made === null}
      onExitTransitionEnd={() => setMade(null)}
    >
      {made === null ? <TokenForm onCancel={onClose} onMade={setMade} /> : <Once token={made} onClose={onClose} />}
    </Modal>
  );
}

function TokenForm({ onCancel, onMade }: { onCancel: () => void; onMade: (token: CreatedToken) => void }) {
  const queries = useQueryClient();
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState<Life>("90d");
  const [lacking, setLacking] = useState(false);
  const attempt = useAttempt();
  const make = useMutation({
    mutationFn: (body: { name: string; scopes: string[]; expires_in: Life }) =>
      answer(api.POST("/api/v1/access/tokens", { body, headers: attempt.headers(body) })),
    onSuccess: (token) => {
      void queries.invalidateQueries({ queryKey: ["tokens"] });
      onMade(token);
    },
  });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setLacking(scopes.length === 0);
    if (scopes.length > 0) {
      const name = String(new FormData(event.currentTarget).get("name")).trim();
      make.mutate({ name, scopes: withoutImplied(scopes), expires_in: life });
    }
  }

  const missing = lacking && scopes.length === 0 ? "Choose at least one" : undefined;
  return (
    <form className={classes.form} onSubmit={onSubmit}>
      {make.error && <TroubleNote error={make.error} />}
      <TextInput
        name="name"
        label="Name"
        description="What it is for"
        maxLength={100}
        required
        withAsterisk={false}
        data-autofocus
        error={fieldTrouble(make.error, "name")}
      />
      <ScopePicker scopes={scopes} onChange={setScopes} error={missing ?? fieldTrouble(make.error, "scopes")} />
      <Select label="How long it works" value={life} options={LIVES} onChange={setLife} />
      <Actions>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Make the token
        </Button>
      </Actions>
    </form>
  );
}

function Once({ token, onClose }: { token: CreatedToken; onClose: () => void }) {
  return (
    <div className={classes.once}>
      <p>
        <strong>Copy it now.</strong> It is shown this once; Outrigger keeps only a fingerprint of it.
      </p>
      <Lines text={token.token} what="the token" />
      <Actions>
        <Button onClick={onClose}>I have it</Button>
      </Actions>
    </div>
  );
}
