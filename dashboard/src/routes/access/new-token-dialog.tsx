// Creates a token and shows it once: the server stores only a hash and cannot show the token again.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { answer, api, server } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { useStatus } from "../../api/live";
import { fieldTrouble } from "../../api/problem";
import type { CreatedToken } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Code } from "../../parts/code";
import { Lines } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { Select } from "../../parts/select";
import { TroubleNote } from "../../parts/trouble";
import classes from "./access.module.css";
import { useRenew } from "./lists";
import { ScopePicker, withoutImplied } from "./scope-picker";
import { tokenLines } from "./token-lines";

const LIVES = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "1 year" },
  { value: "never", label: "Never" },
] as const;
type Life = (typeof LIVES)[number]["value"];

interface NewTokenDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function NewTokenDialog({ opened, onClose }: NewTokenDialogProps) {
  const [made, setMade] = useState<CreatedToken | null>(null);
  const [saved, setSaved] = useState(false);
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={made === null ? "Create token" : `Token “${made.name}”`}
      size="xl"
      locked={made !== null && !saved}
      onClosed={() => {
        setMade(null);
        setSaved(false);
      }}
    >
      {made === null ? (
        <TokenForm onCancel={onClose} onMade={setMade} />
      ) : (
        <Once token={made} saved={saved} onSaved={() => setSaved(true)} onClose={onClose} />
      )}
    </Dialog>
  );
}

function TokenForm({ onCancel, onMade }: { onCancel: () => void; onMade: (token: CreatedToken) => void }) {
  const renew = useRenew("tokens");
  const [scopes, setScopes] = useState<string[]>([]);
  const [life, setLife] = useState<Life>("90d");
  const [lacking, setLacking] = useState(false);
  const attempt = useAttempt();
  const make = useMutation({
    mutationFn: (body: { name: string; scopes: string[]; expires_in: Life }) =>
      answer(api.POST("/api/v1/access/tokens", { body, headers: attempt.headers(body) })),
    onSuccess: (token) => {
      void renew();
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

  const missing = lacking && scopes.length === 0 ? "Choose at least one scope" : undefined;
  return (
    <form className={classes.form} onSubmit={onSubmit}>
      {make.error && <TroubleNote error={make.error} />}
      <TextInput
        name="name"
        label="Name"
        description="What the token is for"
        maxLength={100}
        required
        withAsterisk={false}
        data-autofocus
        error={fieldTrouble(make.error, "name")}
      />
      <ScopePicker scopes={scopes} onChange={setScopes} error={missing ?? fieldTrouble(make.error, "scopes")} />
      <Select label="Expires after" value={life} options={LIVES} onChange={setLife} />
      <Actions>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Create token
        </Button>
      </Actions>
    </form>
  );
}

interface OnceProps {
  token: CreatedToken;
  saved: boolean;
  onSaved: () => void;
  onClose: () => void;
}

function Once({ token, saved, onSaved, onClose }: OnceProps) {
  const { data: status } = useStatus();
  const redis = status?.listeners.find(({ name }) => name === "redis")?.url ?? null;
  const place = useRef<HTMLDivElement>(null);
  // The form that had the focus is gone. Move the focus to the Copy button.
  useEffect(() => place.current?.querySelector<HTMLElement>("button")?.focus(), []);
  return (
    <div className={classes.once}>
      <p>
        <strong>Copy the token now.</strong> It is shown only once: Outrigger stores only a hash of the token.
      </p>
      <div ref={place}>
        <Lines text={token.token} what="the token" wrap onCopied={onSaved} />
      </div>
      <Code label="Use the token" wrap samples={tokenLines(token, { server, redis })} />
      <Actions>
        <Button variant={saved ? "filled" : "default"} onClick={onClose}>
          {saved ? "Done" : "I have saved it"}
        </Button>
      </Actions>
    </div>
  );
}
