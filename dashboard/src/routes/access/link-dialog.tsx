// Shows a new one-time login link, to send to the account's owner.
import { Button } from "@mantine/core";
import { useRef } from "react";
import type { LoginLink } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Lines } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { When } from "../../parts/when";
import classes from "./access.module.css";

/** A login link and the account it belongs to. */
export interface MadeLink extends LoginLink {
  account: string;
}

export function LinkDialog({ link, onClose }: { link: MadeLink | null; onClose: () => void }) {
  const last = useRef(link);
  last.current = link ?? last.current;
  const shown = last.current;
  return (
    <Dialog opened={link !== null} onClose={onClose} title={shown === null ? "" : `Login link for ${shown.account}`} locked>
      {shown !== null && (
        <div className={classes.once}>
          <p>
            The link logs in as <strong>{shown.account}</strong>, without a password. It works once and expires{" "}
            <When at={shown.expires_at} due />. Send it privately.
          </p>
          <Lines text={shown.url} what="the login link" wrap autoFocus />
          <Actions>
            <Button variant="default" onClick={onClose}>
              Done
            </Button>
          </Actions>
        </div>
      )}
    </Dialog>
  );
}
