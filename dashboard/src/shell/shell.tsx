// The frame of every page: navigation, header, shortcuts, command palette and connect panel.
import { useMantineColorScheme } from "@mantine/core";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useOpenProblems } from "../api/problems";
import { useLogOut } from "../api/session";
import { pageAt, useVisiblePages } from "../pages";
import type { Command } from "./commands";
import { Header } from "./header";
import { HelpDialog } from "./help-dialog";
import { useLive } from "./live";
import { Navigation } from "./navigation";
import { pageOf } from "./page-of";
import { useRangeFollows } from "./range";
import { useServerState } from "./server-state";
import { useShortcuts } from "./shortcuts";
import classes from "./shell.module.css";
import { TitleProvider } from "./title";

const Palette = lazy(async () => ({ default: (await import("./palette")).Palette }));
const ConnectPanel = lazy(async () => ({ default: (await import("./connect-panel")).ConnectPanel }));

type Open = "none" | "help" | "palette" | "connect";

export function Shell({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<Open>("none");
  const [title, setTitle] = useState("");
  const [announcement, setAnnouncement] = useState("");
  const { paused, toggle } = useLive();
  const problems = useOpenProblems();
  const { mark } = useServerState();
  const pages = useVisiblePages();
  const [, navigate] = useLocation();
  const main = useFocusOnNewPage(setAnnouncement);
  useRangeFollows();

  const close = useCallback(() => setOpen("none"), []);
  const connect = useCallback(() => setOpen("connect"), []);
  const pause = useCallback(() => {
    toggle();
    setAnnouncement(paused ? "Refreshing again" : "Paused");
  }, [paused, toggle]);
  useShortcuts({ pages, help: () => setOpen("help"), palette: () => setOpen("palette"), pause, go: (to) => navigate(to) });
  const actions = useActions({ pause, help: () => setOpen("help"), connect });

  return (
    <TitleProvider problems={problems.length} mark={mark} onTitle={setTitle}>
      <div className={classes.shell}>
        <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
          Skip to content
        </button>
        <Navigation onHelp={() => setOpen("help")} onConnect={connect} />
        <div className={classes.column}>
          <Header title={title} onSearch={() => setOpen("palette")} onConnect={connect} onPause={pause} />
          <main ref={main} className={classes.main} tabIndex={-1}>
            {children}
          </main>
        </div>
        <div className="visually-hidden" role="status">
          {announcement}
        </div>
        <HelpDialog opened={open === "help"} onClose={close} />
        <Suspense>
          <WhenOpened opened={open === "palette"}>
            <Palette opened={open === "palette"} onClose={close} actions={actions} />
          </WhenOpened>
          <WhenOpened opened={open === "connect"}>
            <ConnectPanel opened={open === "connect"} onClose={close} />
          </WhenOpened>
        </Suspense>
      </div>
    </TitleProvider>
  );
}

/** Renders nothing until opened for the first time, so that the code is loaded only then. */
function WhenOpened({ opened, children }: { opened: boolean; children: ReactNode }) {
  const [used, setUsed] = useState(false);
  useEffect(() => setUsed((before) => before || opened), [opened]);
  return used ? children : null;
}

/** Moves the focus and the scroll position to the top of a new page. URLs below a page belong to the same page, such as drawers. */
function useFocusOnNewPage(announce: (text: string) => void) {
  const main = useRef<HTMLElement>(null);
  const [address] = useLocation();
  const page = pageAt(useVisiblePages(), address)?.path ?? pageOf(address);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    announce("");
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [page, announce]);
  return main;
}

interface ActionsInput {
  pause: () => void;
  help: () => void;
  connect: () => void;
}

/** The shell's own commands for the palette. */
function useActions({ pause, help, connect }: ActionsInput): Command[] {
  const { paused } = useLive();
  const { setColorScheme } = useMantineColorScheme();
  const logOut = useLogOut();
  return useMemo(
    () => [
      { id: "account", title: "Your account", group: "Pages", keywords: "password e-mail profile sessions", to: "/account" },
      { id: "connect", title: "Connect an application", group: "Actions", keywords: "redis url lines client", run: connect },
      { id: "pause", title: paused ? "Resume refreshing" : "Pause refreshing", group: "Actions", hint: ".", run: pause },
      { id: "light", title: "Use light colours", group: "Actions", keywords: "theme appearance", run: () => setColorScheme("light") },
      { id: "dark", title: "Use dark colours", group: "Actions", keywords: "theme appearance", run: () => setColorScheme("dark") },
      { id: "help", title: "Show keyboard shortcuts", group: "Actions", hint: "?", run: help },
      { id: "log-out", title: "Log out", group: "Actions", keywords: "sign out", run: () => void logOut() },
    ],
    [paused, pause, help, connect, setColorScheme, logOut],
  );
}
