// How much a page asks before it acts. There are three levels:
//
// 1. What can be taken back is not asked about. Do it, and show a toast with `undo`.
// 2. What cannot be taken back is asked about with `Confirm`. The dialog names the object and the consequence; the focus is on the
//    button that changes nothing.
// 3. What destroys data of which there is no other copy is asked about with `Confirm` and `type`: the red button works only
//    after the name was typed.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { Actions } from "./actions";
import classes from "./confirm.module.css";
import { Dialog } from "./dialog";
import { useToasts, type Toast } from "./toasts";
import { TroubleNote } from "./trouble";

/** What is asked, and what happens on yes. */
export interface Question {
  /** Names the object: `Revoke “deploy”?` */
  title: string;
  /** The consequence. */
  text: ReactNode;
  /** The button's words: `Revoke “deploy”`. */
  verb: string;
  /** The words of the other one; `Cancel` unless given. */
  no?: string;
  /** The name that has to be typed first. */
  type?: string;
  act: () => Promise<unknown>;
  /** Shown when it is done. */
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
  // The words stay while the dialog fades away.
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

  // The dialog is always there, closed: it has to see itself open to know where the focus was.
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
