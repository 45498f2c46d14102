// Short messages in the corner of the window about completed actions, with an Undo button.
//
// A separate polite live region contains the text, so that a screen reader reads the sentence and not the buttons. F8 moves the focus
// to the newest toast, because the corner is many Tab stops away.
import { Button, CloseButton } from "@mantine/core";
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { trouble } from "../api/problem";
import { CheckIcon, NoticeIcon, WarningIcon } from "./icons";
import classes from "./toasts.module.css";
import { spoken, stay, withoutToast, withToast, type ShownToast, type Toast } from "./toast-stack";

export type { Toast } from "./toast-stack";

interface Toasts {
  show: (toast: Toast) => void;
}

const ToastContext = createContext<Toasts | null>(null);

/** Shows messages in the corner: `useToasts().show({ title: "Token revoked." })`. */
export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (toasts === null) {
    throw new Error("useToasts needs a ToastProvider above it");
  }
  return toasts;
}

/** Provides `useToasts` to its children. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<ShownToast[]>([]);
  const last = useRef(0);
  const show = useCallback((toast: Toast) => {
    last.current += 1;
    const id = last.current;
    setShown((before) => withToast(before, { ...toast, id }));
  }, []);
  const toasts = useMemo(() => ({ show }), [show]);
  const dismiss = useCallback((id: number) => setShown((before) => withoutToast(before, id)), []);
  return (
    <ToastContext value={toasts}>
      {children}
      <Corner shown={shown} onDismiss={dismiss} />
    </ToastContext>
  );
}

function Corner({ shown, onDismiss }: { shown: ShownToast[]; onDismiss: (id: number) => void }) {
  const list = useRef<HTMLOListElement>(null);
  const before = useRef<Element | null>(null);
  const newest = shown.at(-1);

  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      const target = list.current?.querySelector<HTMLElement>("li:last-child button");
      if (event.key !== "F8" || !target) {
        return;
      }
      event.preventDefault();
      target.focus();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);

  // Dismissing a toast removes the focused button, so return the focus to where it was before.
  const dismiss = useCallback(
    (id: number) => {
      const focused = list.current?.contains(document.activeElement) ?? false;
      onDismiss(id);
      if (focused) {
        const back = before.current?.isConnected ? before.current : document.querySelector("main");
        (back as HTMLElement | null)?.focus();
      }
    },
    [onDismiss],
  );

  return (
    <>
      <div className="visually-hidden" role="status">
        {newest !== undefined && <span key={newest.id}>{spoken(newest)}</span>}
      </div>
      <section className={classes.corner} aria-label="Notifications">
        <ol
          ref={list}
          onFocus={({ currentTarget, relatedTarget }) => {
            if (!currentTarget.contains(relatedTarget)) {
              before.current = relatedTarget;
            }
          }}
        >
          {shown.map((toast) => (
            <Card key={toast.id} toast={toast} onDismiss={dismiss} />
          ))}
        </ol>
      </section>
    </>
  );
}

const ICONS = { plain: NoticeIcon, ok: CheckIcon, warn: WarningIcon, fail: WarningIcon };

function Card({ toast, onDismiss }: { toast: ShownToast; onDismiss: (id: number) => void }) {
  const { id, title, detail, tone = "ok", undo } = toast;
  const { show } = useToasts();
  const [busy, setBusy] = useState(false);
  const [hovered, setHovered] = useState(false);
  const [focused, setFocused] = useState(false);
  const left = useRef(stay(toast));
  const held = busy || hovered || focused;
  const Icon = ICONS[tone];

  useEffect(() => {
    if (held) {
      return;
    }
    const started = Date.now();
    const timer = window.setTimeout(() => onDismiss(id), left.current);
    return () => {
      window.clearTimeout(timer);
      left.current = Math.max(1_000, left.current - (Date.now() - started));
    };
  }, [held, id, onDismiss]);

  async function takeBack() {
    // Do not disable the button: a disabled button loses the focus.
    if (busy) {
      return;
    }
    setBusy(true);
    try {
      await undo?.();
      show({ title: "Undone." });
    } catch (error) {
      const { title: reason, fix } = trouble(error);
      show({ title: "This could not be undone.", detail: fix === null ? reason : `${reason} ${fix}`, tone: "fail" });
    }
    onDismiss(id);
  }

  return (
    <li
      className={classes.toast}
      data-tone={tone}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          onDismiss(id);
        }
      }}
    >
      <Icon />
      <div className={classes.words}>
        <p>{title}</p>
        {detail !== undefined && <p className={classes.detail}>{detail}</p>}
      </div>
      {undo !== undefined && (
        <Button
          className={classes.undo}
          size="compact-sm"
          variant="default"
          aria-label={`Undo: ${title}`}
          aria-disabled={busy}
          onClick={() => void takeBack()}
        >
          Undo
        </Button>
      )}
      <CloseButton className={classes.close} aria-label={`Dismiss: ${title}`} onClick={() => onDismiss(id)} />
    </li>
  );
}
