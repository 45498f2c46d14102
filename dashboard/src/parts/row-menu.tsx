// The "⋯" menu of a row or a card, with the actions of one object.
import { ActionIcon, Menu } from "@mantine/core";
import { useRef } from "react";
import { MoreIcon } from "./icons";
import classes from "./row-menu.module.css";

export interface MenuAction {
  /** The label, with an ellipsis if the action opens a dialog: `Change role…`. */
  label: string;
  /** Marks a destructive action, shown in red below the others. */
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

/** `name` is the name of the object for screen readers. */
export function RowMenu({ name, actions }: { name: string; actions: readonly MenuAction[] }) {
  const button = useRef<HTMLButtonElement>(null);
  if (actions.length === 0) {
    return null;
  }
  const ordered = [...actions.filter(({ danger }) => !danger), ...actions.filter(({ danger }) => danger)];
  const firstDanger = ordered.findIndex(({ danger }) => danger);
  return (
    // The menu must not return the focus itself: it does so with a delay, and would take the focus from a dialog.
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
              // A dialog that opens now returns the focus to the focused element, so focus the button instead of the disappearing item.
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
