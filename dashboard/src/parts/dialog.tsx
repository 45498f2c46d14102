// A dialog that does not lose what somebody typed into it, or what is shown only once.
import { Modal } from "@mantine/core";
import { useState, type ReactNode } from "react";

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: "sm" | "md" | "lg" | "xl";
  /** Nothing but a button inside closes it: no Escape, no click outside, no ×. */
  locked?: boolean;
  /** After it has faded away: the time to reset what it showed. */
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

/** The element that a dialog was opened from may be gone, with the row that was deleted. Then the page has the focus, not nothing. */
export function keepFocus(): void {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) {
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}
