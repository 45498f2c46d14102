// Copying: of a line that is shown, or of something a button names.
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import classes from "./copy.module.css";
import { CheckIcon, CopyIcon } from "./icons";

interface CopyButtonProps {
  text: string;
  /** Names the text for those who do not see it. */
  what: string;
  label?: string;
  /** Whether a dialog gives it the focus when it opens. */
  autoFocus?: boolean;
  onCopied?: () => void;
}

/** Copies `text`; says so for two seconds. Plain http pages have no clipboard interface, so the old way is the fallback. */
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

  const word = { idle: label, copied: "Copied", refused: "Select and copy by hand" }[state];
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
  /** Breaks long lines everywhere, not only where it is narrow: nothing of a secret may hide behind the edge. */
  wrap?: boolean;
}

/** Lines to paste somewhere, with a button that copies them all. */
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

/** Copies `text`, and tells whether that worked. */
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
    // Inside an open dialog, because a dialog that traps the focus would take it away from an element outside.
    const place = document.activeElement?.parentElement ?? document.body;
    place.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
