// Buttons that copy text to the clipboard.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import classes from "./copy.module.css";
import { CheckIcon, CopyIcon } from "./icons";

interface CopyButtonProps {
  text: string;
  /** The name of the text for screen readers. */
  what: string;
  label?: string;
  /** Whether the button gets the focus when its dialog opens. */
  autoFocus?: boolean;
  onCopied?: () => void;
}

/** Copies `text` and shows “Copied” for two seconds. Pages without HTTPS have no clipboard API and use `execCommand` instead. */
export function CopyButton({ text, what, label = "Copy", autoFocus = false, onCopied }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  async function onClick() {
    const done = await copied(text);
    setState(done ? "copied" : "refused");
    if (done) {
      onCopied?.();
    }
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setState("idle"), 2000);
  }

  const word = { idle: label, copied: "Copied", refused: "Select and copy manually" }[state];
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      leftSection={state === "copied" ? <CheckIcon /> : <CopyIcon />}
      onClick={() => void onClick()}
      data-autofocus={autoFocus || undefined}
    >
      <span aria-live="polite">{word}</span>
      <span className="visually-hidden"> {what}</span>
    </Button>
  );
}

interface LinesProps extends Omit<CopyButtonProps, "label"> {
  /** Wraps long lines at any width, so that a secret is always fully visible. */
  wrap?: boolean;
}

/** Lines of text with a button that copies all of them. */
export function Lines({ text, what, wrap = false, ...copying }: LinesProps) {
  return (
    <div className={classes.lines} data-wrap={wrap || undefined}>
      <pre tabIndex={0} aria-label={what}>
        {text}
      </pre>
      <CopyButton text={text} what={what} {...copying} />
    </div>
  );
}

/** Copies `text`. Returns whether that succeeded. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.position = "fixed";
    area.style.opacity = "0";
    // Append to the open dialog: a dialog that traps the focus would take it from an element outside.
    const place = document.activeElement?.parentElement ?? document.body;
    place.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
