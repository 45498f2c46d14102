// The details of one row, beside the list that it came from.
//
// A drawer has an address, such as `/access/accounts/42`: the page reads it from its route, and the browser's Back closes it. A link
// that opens it passes `BESIDE_LIST` as its state, so that closing goes back and leaves no second entry of the list in the history.
import { Drawer as MantineDrawer } from "@mantine/core";
import { useRef, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { keepFocus } from "./dialog";
import classes from "./drawer.module.css";

/** The `state` of links that open a drawer: `<Link href="/access/accounts/42" state={BESIDE_LIST}>`. */
export const BESIDE_LIST = { besideList: true };

interface DrawerProps {
  opened: boolean;
  title: ReactNode;
  /** Where closing leads when the drawer was opened by its address. */
  list: string;
  /** Buttons at the end of the title's line. */
  actions?: ReactNode;
  children: ReactNode;
}

/** Closes the drawer that is open: back where it came from, or to `list`. */
export function useCloseDrawer(list: string): () => void {
  const [, navigate] = useLocation();
  const state = useHistoryState<{ besideList?: boolean } | null>();
  return () => (state?.besideList ? window.history.back() : navigate(list, { replace: true }));
}

export function Drawer({ opened, title, list, actions, children }: DrawerProps) {
  const close = useCloseDrawer(list);
  // What is shown stays while the drawer slides away.
  const last = useRef({ title, actions, children });
  if (opened) {
    last.current = { title, actions, children };
  }
  const shown = last.current;
  return (
    <MantineDrawer.Root opened={opened} onClose={close} position="right" size="min(560px, 100vw)" onExitTransitionEnd={keepFocus}>
      <MantineDrawer.Overlay />
      <MantineDrawer.Content className={classes.content}>
        <div className={classes.head}>
          <MantineDrawer.Title className={classes.title}>{shown.title}</MantineDrawer.Title>
          <div className={classes.actions}>
            {shown.actions}
            <MantineDrawer.CloseButton aria-label="Close" />
          </div>
        </div>
        <MantineDrawer.Body className={classes.body}>{shown.children}</MantineDrawer.Body>
      </MantineDrawer.Content>
    </MantineDrawer.Root>
  );
}
