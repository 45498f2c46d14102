// The keyboard shortcuts.
import { Modal } from "@mantine/core";
import { useVisiblePages } from "../pages";
import { SEARCH_KEY } from "./header";
import classes from "./help-dialog.module.css";

interface HelpDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function HelpDialog({ opened, onClose }: HelpDialogProps) {
  const pages = useVisiblePages();
  const keys: [string[], string][] = [
    ...pages.map(({ letter, name }): [string[], string] => [["g", letter], name]),
    [[SEARCH_KEY], "Search everything"],
    [["/"], "Search on this page, or everything"],
    [["."], "Pause or resume refreshing"],
    [["?"], "Show this help"],
    [["Esc"], "Close a dialog"],
  ];
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="sm">
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
