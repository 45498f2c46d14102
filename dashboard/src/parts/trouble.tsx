// An error message with the fix and a retry button.
import { Button } from "@mantine/core";
import { trouble } from "../api/problem";
import { WarningIcon } from "./icons";
import { Prose } from "./prose";
import classes from "./trouble.module.css";

export function TroubleNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, fix, requestId } = trouble(error);
  return (
    <div className={classes.note} role="alert">
      <WarningIcon />
      <div className={classes.words}>
        <strong>
          <Prose text={title} />
        </strong>
        {detail !== null && <p>{detail}</p>}
        {fix !== null && (
          <p>
            <Prose text={fix} />
          </p>
        )}
        {requestId !== null && (
          <p className={classes.request}>
            Request <code>{requestId}</code>
          </p>
        )}
      </div>
      {onRetry !== undefined && (
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
