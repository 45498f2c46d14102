// The "⋯" menu of a row or a card: everything that can be done with one object.
import { ActionIcon, Menu } from "@mantine/core";
import { useRef } from "react";
import { MoreIcon } from "./icons";
import classes from "./row-menu.module.css";

export interface MenuAction {
  /** With an ellipsis when it asks something first: `Change role…`. */
  label: string;
  /** Destroys something: shown in red, below the others. */
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

/** `name` names the object for those who do not see the row. */
export function RowMenu({ name, actions }: { name: string; actions: readonly MenuAction[] }) {
  const button = useRef<HTMLButtonElement>(null);
  if (actions.length === 0) {
    return null;
  }
  const ordered = [...actions.filter(({ danger }) => !danger), ...actions.filter(({ danger }) => danger)];
  const firstDanger = ordered.findIndex(({ danger }) => danger);
  return (
    // The menu does not give the focus back by itself: it does so a moment later, and would take it from a dialog.
    <Menu
      position="bottom-end"
      returnFocus={false}
      withInitialFocusPlaceholder={false}
      onClose={() => button.current?.focus()}
      transitionProps={{ duration: 0 }}
    >
      <Menu.Target>
        <ActionIcon ref={button} className={classes.button} variant="subtle" color="gray" aria-label={`Actions for ${name}`}>
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown className={classes.menu}>
        {ordered.map(({ label, danger = false, disabled, run }, index) => [
          index === firstDanger && index > 0 && <Menu.Divider key="divider" />,
          <Menu.Item
            key={label}
            className={classes.item}
            data-danger={danger || undefined}
            disabled={disabled}
            onClick={() => {
              // A dialog that opens now returns the focus to the element that has it: the button, not the vanishing item.
              button.current?.focus();
              run();
            }}
          >
            {label}
          </Menu.Item>,
        ])}
      </Menu.Dropdown>
    </Menu>
  );
}
