// The details of one row, beside the list that it came from.
//
// A drawer has an address, such as `/access/accounts/42`: the page reads it from its route, and the browser's Back closes it. A link
// that opens it passes `BESIDE_LIST` as its state, so that closing goes back and leaves no second entry of the list in the history.
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
  /** Where closing leads when the drawer was opened by its address: `/access?tab=tokens`. */
  list: string;
  /** Buttons at the end of the title's line. */
  actions?: ReactNode;
  children: ReactNode;
}

/** Closes the drawer that is open: back where it came from, or to `list`, with what the list showed. */
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
  // What is shown stays while the drawer slides away.
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

/** Escape closes the drawer, unless a dialog or a menu is open above it: then it is meant for that. */
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
