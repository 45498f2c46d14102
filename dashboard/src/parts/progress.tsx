// The progress of long-running work, with its result and a cancel button. Screen readers announce every quarter, not every step.
import { Button } from "@mantine/core";
import { useId, type ReactNode } from "react";
import { percent } from "../format/numbers";
import { CheckIcon, CrossIcon, WarningIcon } from "./icons";
import { announcement, type WorkState } from "./progress-words";
import classes from "./progress.module.css";

interface ProgressProps {
  /** The name of the work: `Export of 12,000 jobs`. */
  label: string;
  state: WorkState;
  /** The progress from 0 to 1; null or absent if unknown. */
  value?: number | null;
  /** `4,200 of 12,000`, or why it failed. */
  detail?: ReactNode;
  /** Cancels the work. Without it, there is no cancel button. */
  onCancel?: () => void;
}

const ICONS = { done: CheckIcon, failed: WarningIcon, cancelled: CrossIcon };

export function Progress({ label, state, value = null, detail, onCancel }: ProgressProps) {
  const id = useId();
  const running = state === "running";
  const known = running ? value : state === "done" ? 1 : value;
  const Icon = running ? null : ICONS[state];
  const share = known === null ? 0 : Math.min(1, Math.max(0, known));
  return (
    <div className={classes.work} data-state={state}>
      <div className={classes.head}>
        <span id={id} className={classes.label}>
          {Icon !== null && <Icon />}
          {label}
        </span>
        <span className={classes.state}>{running ? (known === null ? "Running" : percent(share)) : WORDS[state]}</span>
        {running && onCancel !== undefined && (
          <Button size="compact-sm" variant="default" aria-label={`Cancel: ${label}`} onClick={onCancel}>
            Cancel
          </Button>
        )}
      </div>
      <div
        className={classes.track}
        role="progressbar"
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={known === null ? undefined : Math.floor(share * 100)}
        data-indeterminate={running && known === null}
      >
        <span style={{ width: running && known === null ? undefined : `${share * 100}%` }} />
      </div>
      {detail !== undefined && <p className={classes.detail}>{detail}</p>}
      <p className="visually-hidden" role="status">
        {announcement(label, state, known)}
      </p>
    </div>
  );
}

const WORDS: Record<Exclude<WorkState, "running">, string> = { done: "Done", failed: "Failed", cancelled: "Cancelled" };
