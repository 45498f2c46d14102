// A drawer with the details of a row, beside its list.
//
// A drawer has a URL, such as `/access/accounts/42`, and the browser's Back button closes it. Links that open a drawer pass
// `BESIDE_LIST` as their state, so that closing it goes back in the history instead of adding a second entry for the list.
import { Drawer as MantineDrawer } from "@mantine/core";
import { useEffect, useRef, type ReactNode, type RefObject } from "react";
import { useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { withParameters } from "../shell/url-state";
import { keepFocus } from "./dialog";
import classes from "./drawer.module.css";

/** The `state` of links that open a drawer: `<Link href="/access/accounts/42" state={BESIDE_LIST}>`. */
export const BESIDE_LIST = { besideList: true };

interface DrawerProps {
  opened: boolean;
  title: ReactNode;
  /** The URL to show after closing a drawer that was opened by its URL: `/access?tab=tokens`. */
  list: string;
  /** Buttons beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** Returns the function that closes the open drawer. It goes back in the history, or to `list` with the state of the list. */
export function useCloseDrawer(list: string): () => void {
  const [, navigate] = useLocation();
  const state = useHistoryState<{ besideList?: boolean } | null>();
  return () => {
    if (state?.besideList) {
      window.history.back();
      return;
    }
    const [path = "/", query] = list.split("?");
    navigate(path + withParameters(window.location.search, Object.fromEntries(new URLSearchParams(query))), { replace: true });
  };
}

export function Drawer({ opened, title, list, actions, children }: DrawerProps) {
  const close = useCloseDrawer(list);
  // Keep the content while the drawer slides out.
  const last = useRef({ title, actions, children });
  if (opened) {
    last.current = { title, actions, children };
  }
  const shown = last.current;
  const content = useRef<HTMLDivElement>(null);
  useEscape(opened, content, close);
  return (
    <MantineDrawer.Root
      opened={opened}
      onClose={close}
      closeOnEscape={false}
      classNames={{ content: classes.content ?? "" }}
      position="right"
      size="min(560px, 100vw)"
      onExitTransitionEnd={keepFocus}
    >
      <MantineDrawer.Overlay />
      <MantineDrawer.Content ref={content}>
        <div className={classes.head}>
          <MantineDrawer.Title className={classes.title}>{shown.title}</MantineDrawer.Title>
          <div className={classes.actions}>
            {shown.actions}
            <MantineDrawer.CloseButton aria-label="Close" data-autofocus />
          </div>
        </div>
        <MantineDrawer.Body className={classes.body}>{shown.children}</MantineDrawer.Body>
      </MantineDrawer.Content>
    </MantineDrawer.Root>
  );
}

/** Closes the drawer on Escape, unless a dialog or a menu is open above it. */
function useEscape(opened: boolean, content: RefObject<HTMLElement | null>, close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!opened) {
      return;
    }
    function onKeyDown(event: KeyboardEvent) {
      const top = [...document.querySelectorAll('[role="dialog"], [role="menu"]')].at(-1);
      if (event.key === "Escape" && (top === undefined || content.current?.contains(top) || top.contains(content.current))) {
        latest.current();
      }
    }
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => window.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [opened, content]);
}
