// The dialog that records a deploy or a note. `?new=deploy` in the URL opens it, so that the command palette can.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, type FormEvent } from "react";
import { answer, api } from "../../api/client";
import { useAttempt } from "../../api/idempotency";
import { fieldTrouble } from "../../api/problem";
import { may } from "../../api/scopes";
import { useMe } from "../../api/session";
import { Actions } from "../../parts/actions";
import { Dialog } from "../../parts/dialog";
import { useToasts } from "../../parts/toasts";
import { TroubleNote } from "../../parts/trouble";
import { useUrlWord } from "../../shell/url-state";
import classes from "./home.module.css";

type Kind = "deploy" | "note";

/** The server's limit, in characters. */
const TITLE_MAX = 200;

export function NewEventDialog() {
  const [kind, setKind] = useUrlWord<Kind | "">("new", ["", "deploy", "note"], "");
  const mayRecord = may(useMe(), "events:write");
  // The dialog keeps its words while it fades out.
  const last = useRef<Kind>("deploy");
  last.current = kind === "" ? last.current : kind;
  const attempt = useAttempt();
  const close = () => setKind("");
  return (
    <Dialog opened={mayRecord && kind !== ""} onClose={close} title={`Record a ${last.current}`} onClosed={attempt.begin}>
      <EventForm kind={last.current} headers={attempt.headers} onClose={close} />
    </Dialog>
  );
}

interface EventFormProps {
  kind: Kind;
  headers: ReturnType<typeof useAttempt>["headers"];
  onClose: () => void;
}

function EventForm({ kind, headers, onClose }: EventFormProps) {
  const queries = useQueryClient();
  const { show } = useToasts();
  const record = useMutation({
    mutationFn: (body: { kind: Kind; title: string }) => answer(api.POST("/api/v1/events", { body, headers: headers(body) })),
    onSuccess: ({ title }) => {
      void queries.invalidateQueries({ queryKey: ["events"] });
      show({ title: kind === "deploy" ? "Deploy recorded." : "Note recorded.", detail: title });
      onClose();
    },
  });

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    record.mutate({ kind, title: String(new FormData(event.currentTarget).get("title")).trim() });
  }

  return (
    <form className={classes.form} onSubmit={onSubmit}>
      {record.error && <TroubleNote error={record.error} />}
      <TextInput
        name="title"
        label="Title"
        description={kind === "deploy" ? "The version, such as shop 4.12. All charts mark the current time with it." : "All charts mark the current time with it."}
        maxLength={TITLE_MAX}
        required
        withAsterisk={false}
        data-autofocus
        error={fieldTrouble(record.error, "title")}
      />
      <Actions>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={record.isPending}>
          Record
        </Button>
      </Actions>
    </form>
  );
}
