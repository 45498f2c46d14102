// The hull: a rail beside the page, or a bar above it where there is no room.
import { useState } from "react";
import { Link, useRoute } from "wouter";
import { useLogOut, useMe } from "../api/session";
import {
  AccountIcon,
  CrossIcon,
  HelpIcon,
  LeaveIcon,
  MenuIcon,
  PauseIcon,
  PlayIcon,
} from "../parts/icons";
import { useVisiblePages, type Page } from "../pages";
import { Mark } from "../parts/mark";
import { useLive, REFRESH_MS } from "./live";
import classes from "./navigation.module.css";
import { SchemeChoice } from "./scheme-choice";

interface NavigationProps {
  onHelp: () => void;
  onPause: () => void;
}

export function Navigation({ onHelp, onPause }: NavigationProps) {
  const [open, setOpen] = useState(false);
  const pages = useVisiblePages();
  return (
    <header className={classes.hull}>
      <div className={classes.bar}>
        <Link href="/" className={classes.brand} onClick={() => setOpen(false)}>
          <Mark />
          <span>Outrigger</span>
        </Link>
        <button
          type="button"
          className={classes.burger}
          aria-expanded={open}
          aria-controls="navigation"
          onClick={() => setOpen(!open)}
        >
          {open ? <CrossIcon /> : <MenuIcon />}
          Menu
        </button>
      </div>
      <div id="navigation" className={classes.drawer} data-open={open}>
        <nav aria-label="Pages" onClick={() => setOpen(false)}>
          <ul className={classes.pages}>
            {pages.map((page) => (
              <li key={page.path}>
                <PageLink {...page} />
              </li>
            ))}
          </ul>
        </nav>
        <div className={classes.foot}>
          <LiveToggle onPause={onPause} />
          <button type="button" className={classes.item} onClick={onHelp}>
            <HelpIcon />
            Keyboard help
          </button>
          <SchemeChoice />
          <Who onLeave={() => setOpen(false)} />
        </div>
      </div>
    </header>
  );
}

function PageLink({ path, name, Icon }: Page) {
  const [here] = useRoute(path);
  return (
    <Link href={path} className={classes.item} aria-current={here ? "page" : undefined}>
      <Icon />
      {name}
    </Link>
  );
}

function LiveToggle({ onPause }: { onPause: () => void }) {
  const { paused } = useLive();
  return (
    <button type="button" className={classes.item} aria-pressed={paused} onClick={onPause}>
      {paused ? <PlayIcon /> : <PauseIcon />}
      <span>Pause refreshing</span>
      <span className={classes.pulse} data-paused={paused}>
        {paused ? "paused" : `${REFRESH_MS / 1000} s`}
      </span>
    </button>
  );
}

function Who({ onLeave }: { onLeave: () => void }) {
  const me = useMe();
  const logOut = useLogOut();
  return (
    <div className={classes.who}>
      <Link href="/account" className={classes.item} onClick={onLeave}>
        <AccountIcon />
        <span className={classes.name}>
          {me.account?.name ?? "Your account"}
          <span>{me.account?.role ?? me.via}</span>
        </span>
      </Link>
      <button type="button" className={classes.item} onClick={() => void logOut()}>
        <LeaveIcon />
        Log out
      </button>
    </div>
  );
}
