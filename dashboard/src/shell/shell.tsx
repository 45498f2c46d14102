// The frame around every page: the navigation, the keyboard, what is said when the page is paused or the server silent.
import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useVisiblePages } from "../pages";
import { HelpDialog } from "./help-dialog";
import { useLive } from "./live";
import { LiveNotes } from "./live-notes";
import { Navigation } from "./navigation";
import { useShortcuts } from "./shortcuts";
import classes from "./shell.module.css";

export function Shell({ children }: { children: ReactNode }) {
  const [path, navigate] = useLocation();
  const [help, setHelp] = useState(false);
  const [announcement, setAnnouncement] = useState("");
  const { paused, toggle } = useLive();
  const main = useRef<HTMLElement>(null);

  const pause = useCallback(() => {
    toggle();
    setAnnouncement(paused ? "Refreshing again" : "Paused");
  }, [paused, toggle]);
  useShortcuts({ pages: useVisiblePages(), help: () => setHelp(true), pause, go: (to) => navigate(to) });

  // A new page begins at its top, also for those who do not see it.
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <div className={classes.shell}>
      <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Navigation onHelp={() => setHelp(true)} onPause={pause} />
      <main ref={main} className={classes.main} tabIndex={-1}>
        <LiveNotes onResume={pause} />
        {children}
      </main>
      <div className="visually-hidden" role="status">
        {announcement}
      </div>
      <HelpDialog opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}
