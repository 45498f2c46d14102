// What the keyboard can do.
import { Modal } from "@mantine/core";
import { useMe } from "../api/session";
import { may } from "../api/scopes";
import classes from "./help-dialog.module.css";
import { PLACES } from "./shortcuts";

interface HelpDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function HelpDialog({ opened, onClose }: HelpDialogProps) {
  const me = useMe();
  const places = Object.entries(PLACES).filter(([letter]) => letter !== "a" || may(me, "access:read"));
  const keys: [string[], string][] = [
    ...places.map(([letter, place]): [string[], string] => [["g", letter], place.name]),
    [["/"], "Search on this page"],
    [["."], "Pause or resume refreshing"],
    [["?"], "This help"],
    [["Esc"], "Close a dialog"],
  ];
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" closeButtonProps={{ "aria-label": "Close" }} centered size="sm">
      <dl className={classes.keys}>
        {keys.map(([presses, meaning]) => (
          <div key={meaning}>
            <dt>
              {presses.map((press) => (
                <kbd key={press}>{press}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
