// A one-time login link, to pass on.
import { Button, Modal } from "@mantine/core";
import type { LoginLink } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Lines } from "../../parts/copy";
import { When } from "../../parts/when";
import classes from "./access.module.css";

export function LinkDialog({ link, onClose }: { link: LoginLink | null; onClose: () => void }) {
  return (
    <Modal
      opened={link !== null}
      onClose={onClose}
      title="One-time login link"
      closeOnClickOutside={false}
    >
      {link !== null && (
        <div className={classes.once}>
          <p>
            It logs in once, without a password, and stops working <When at={link.expires_at} />. Pass it on in private.
          </p>
          <Lines text={link.url} what="the login link" />
          <Actions>
            <Button onClick={onClose}>Done</Button>
          </Actions>
        </div>
      )}
    </Modal>
  );
}
