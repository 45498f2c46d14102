// Two things that must never be mistaken for the present: a paused page, and a server that stopped answering.
import { Button } from "@mantine/core";
import { useStatus } from "../api/live";
import { ApiError } from "../api/problem";
import { clock } from "../format/time";
import { PauseIcon, PlayIcon, WarningIcon } from "../parts/icons";
import { useLive } from "./live";
import classes from "./live-notes.module.css";

export function LiveNotes({ onResume }: { onResume: () => void }) {
  const { paused } = useLive();
  const { error, dataUpdatedAt } = useStatus();
  const from = dataUpdatedAt === 0 ? "" : ` Figures are from ${clock(dataUpdatedAt)}.`;
  const silent = error !== null && !(error instanceof ApiError);
  return (
    <>
      {silent && (
        <div className={classes.note} data-tone="fail" role="alert">
          <WarningIcon />
          <span>Outrigger does not answer.{from} The page keeps trying.</span>
        </div>
      )}
      {paused && (
        <div className={classes.note} data-tone="warn">
          <PauseIcon />
          <span>Paused.{from}</span>
          <Button size="compact-xs" variant="default" leftSection={<PlayIcon />} onClick={onResume}>
            Resume
          </Button>
        </div>
      )}
    </>
  );
}
