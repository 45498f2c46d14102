// Asks before something that cannot be taken back. The button names what will happen; the dialog stays until it has.
import { Button, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, type ReactNode } from "react";
import { Actions } from "./actions";
import { TroubleNote } from "./trouble";

/** What is asked, and what happens on yes. */
export interface Question {
  title: string;
  text: ReactNode;
  /** The button's words: `Revoke "deploy"`. */
  verb: string;
  /** The words of the other one; `Cancel` unless given. */
  no?: string;
  act: () => Promise<unknown>;
}

interface ConfirmProps {
  question: Question | null;
  onClose: () => void;
}

export function Confirm({ question, onClose }: ConfirmProps) {
  const act = useMutation({ mutationFn: (asked: Question) => asked.act(), onSuccess: onClose });
  // The words stay while the dialog fades away.
  const last = useRef(question);
  last.current = question ?? last.current;
  const shown = last.current;
  if (shown === null) {
    return null;
  }
  return (
    <Modal
      opened={question !== null}
      onClose={onClose}
      title={shown.title}
      onExitTransitionEnd={() => act.reset()}
    >
      <p>{shown.text}</p>
      {act.error && <TroubleNote error={act.error} />}
      <Actions>
        <Button variant="default" onClick={onClose} data-autofocus>
          {shown.no ?? "Cancel"}
        </Button>
        <Button color="red" loading={act.isPending} onClick={() => act.mutate(shown)}>
          {shown.verb}
        </Button>
      </Actions>
    </Modal>
  );
}
