// What the keyboard can do.
import { Modal } from "@mantine/core";
import { useVisiblePages } from "../pages";
import classes from "./help-dialog.module.css";

interface HelpDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function HelpDialog({ opened, onClose }: HelpDialogProps) {
  const pages = useVisiblePages();
  const keys: [string[], string][] = [
    ...pages.map(({ letter, name }): [string[], string] => [["g", letter], name]),
    [["/"], "Search on this page"],
    [["."], "Pause or resume refreshing"],
    [["?"], "This help"],
    [["Esc"], "Close a dialog"],
  ];
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" size="sm">
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
