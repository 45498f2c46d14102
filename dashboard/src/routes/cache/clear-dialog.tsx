// Asks before clearing, and names how much would go. What is lost can be read again from where it came from.
import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { answer, api } from "../../api/client";
import { counted } from "../../format/numbers";
import { Actions } from "../../parts/actions";
import { TroubleNote } from "../../parts/trouble";

/** What to clear: one database, or all of them when null. */
export interface ClearWhat {
  database: number | null;
  entries: number;
}

interface ClearDialogProps {
  what: ClearWhat | null;
  onClose: () => void;
  onDone: (said: string) => void;
}

export function ClearDialog({ what, onClose, onDone }: ClearDialogProps) {
  const queries = useQueryClient();
  const clear = useMutation({
    mutationFn: ({ database }: ClearWhat) =>
      answer(api.POST("/api/v1/cache/clear", { body: database === null ? {} : { database } })),
    onSuccess: ({ removed }) => {
      void queries.invalidateQueries({ queryKey: ["cache"] });
      onDone(`Cleared: ${counted(removed, "entry", "entries")} removed.`);
      onClose();
    },
  });
  // The words stay while the dialog fades away.
  const last = useRef(what);
  last.current = what ?? last.current;
  const shown = last.current;
  if (shown === null) {
    return null;
  }
  const number = counted(shown.entries, "entry", "entries");
  const where = shown.database === null ? "in all databases" : `in database ${shown.database}`;
  return (
    <Modal
      opened={what !== null}
      onClose={onClose}
      title={`Clear ${number} ${where}?`}
      closeButtonProps={{ "aria-label": "Close" }}
      centered
      onExitTransitionEnd={() => clear.reset()}
    >
      <p>
        Applications will miss until they have filled the cache again, so whatever they read from gets more to do for a while.
      </p>
      {clear.error && <TroubleNote error={clear.error} />}
      <Actions>
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep them
        </Button>
        <Button color="red" loading={clear.isPending} onClick={() => clear.mutate(shown)}>
          Clear {number}
        </Button>
      </Actions>
    </Modal>
  );
}
