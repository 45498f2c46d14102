// An error message with the fix and a retry button.
import { Button } from "@mantine/core";
import { useContext } from "react";
import { Link } from "wouter";
import { trouble } from "../api/problem";
import { MeContext } from "../api/session";
import { guidePath } from "../guides";
import { WarningIcon } from "./icons";
import { Prose } from "./prose";
import classes from "./trouble.module.css";

export function TroubleNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, fix, requestId } = trouble(error);
  // The guides are behind the login.
  const isLoggedIn = useContext(MeContext) !== null;
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
        {isLoggedIn && (
          <p>
            <Link href={guidePath("troubleshooting")}>Troubleshooting guide</Link>
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
