// Confirmation dialogs. There are three levels of confirmation:
//
// 1. Actions that can be undone need no confirmation. Perform the action and show a toast with `undo`.
// 2. Actions that cannot be undone need `Confirm`. The dialog names the object and the consequence; the cancel button has the focus.
// 3. Actions that destroy the only copy of data need `Confirm` with `type`: the red button is enabled only after the user has typed
//    the name.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { Actions } from "./actions";
import classes from "./confirm.module.css";
import { Dialog } from "./dialog";
import { useToasts, type Toast } from "./toasts";
import { TroubleNote } from "./trouble";

/** A confirmation and the action to perform. */
export interface Question {
  /** The title with the object's name: `Revoke “deploy”?` */
  title: string;
  /** The consequence. */
  text: ReactNode;
  /** The label of the button that confirms: `Revoke “deploy”`. */
  verb: string;
  /** The label of the other button; `Cancel` by default. */
  no?: string;
  /** The name that the user has to type first. */
  type?: string;
  act: () => Promise<unknown>;
  /** The toast to show after success. */
  done?: Toast;
}

interface ConfirmProps {
  question: Question | null;
  onClose: () => void;
}

export function Confirm({ question, onClose }: ConfirmProps) {
  const { show } = useToasts();
  const [typed, setTyped] = useState("");
  const act = useMutation({
    mutationFn: (asked: Question) => asked.act(),
    onSuccess: (_, { done }) => {
      onClose();
      if (done !== undefined) {
        show(done);
      }
    },
  });
  // Keep the text while the dialog fades out.
  const last = useRef(question);
  last.current = question ?? last.current;
  const shown = last.current;
  const ready = shown?.type === undefined || typed.trim() === shown.type;

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (shown !== null && ready) {
      act.mutate(shown);
    }
  }

  // The dialog is always rendered: it must observe `opened` change to know where the focus was.
  return (
    <Dialog
      opened={question !== null}
      onClose={onClose}
      title={shown?.title ?? ""}
      onClosed={() => {
        act.reset();
        setTyped("");
      }}
    >
      {shown !== null && (
        <form className={classes.question} onSubmit={onSubmit}>
          {typeof shown.text === "string" ? <p>{shown.text}</p> : shown.text}
          {shown.type !== undefined && (
            <TextInput
              label={
                <>
                  Type <code>{shown.type}</code> to confirm
                </>
              }
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {act.error && <TroubleNote error={act.error} />}
          <Actions>
            <Button variant="default" onClick={onClose} data-autofocus={shown.type === undefined || undefined}>
              {shown.no ?? "Cancel"}
            </Button>
            <Button type="submit" color="red" loading={act.isPending} disabled={!ready}>
              {shown.verb}
            </Button>
          </Actions>
        </form>
      )}
    </Dialog>
  );
}
