// A dialog that does not close by accident after the user has typed something, or while it shows a secret.
import { Modal } from "@mantine/core";
import { useState, type ReactNode } from "react";

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: "sm" | "md" | "lg" | "xl";
  /** Only a button in the dialog closes it, not Escape, a click outside or ×. */
  locked?: boolean;
  /** Called after the dialog has faded out; reset its content here. */
  onClosed?: () => void;
  children: ReactNode;
}

export function Dialog({ opened, onClose, title, size = "md", locked = false, onClosed, children }: DialogProps) {
  const [edited, setEdited] = useState(false);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      closeOnEscape={!locked}
      withCloseButton={!locked}
      closeOnClickOutside={!locked && !edited}
      onExitTransitionEnd={() => {
        setEdited(false);
        keepFocus();
        onClosed?.();
      }}
    >
      <div onInput={() => setEdited(true)}>
        {children}
      </div>
    </Modal>
  );
}

/** Moves the focus to the page if the element that opened the dialog no longer exists, such as the menu of a deleted row. */
export function keepFocus(): void {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) {
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}
