// The header of every page: breadcrumb, server name, time range, freshness of the data, open problems and command palette.
import { Button } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { identity } from "../api/identity";
import { useStatus } from "../api/live";
import { useOpenProblems } from "../api/problems";
import { clock, duration } from "../format/time";
import { pageAt, useVisiblePages, type Page } from "../pages";
import { BellIcon, CrossIcon, PauseIcon, PlayIcon, PlugIcon, SearchIcon } from "../parts/icons";
import classes from "./header.module.css";
import { useNow } from "./live";
import { useFreshness } from "./freshness";
import { RANGES, useRange } from "./range";
import { RangeMenu } from "./range-menu";

interface HeaderProps {
  /** The title of the open item if it differs from the page: the last part of the breadcrumb. */
  title: string;
  onSearch: () => void;
  onConnect: () => void;
  onPause: () => void;
}

export function Header({ title, onSearch, onConnect, onPause }: HeaderProps) {
  const [address] = useLocation();
  const page = pageAt(useVisiblePages(), address);
  const [range, setRange] = useRange();
  return (
    <div className={classes.header}>
      <Breadcrumb page={page} title={title} />
      <Server />
      <div className={classes.tools}>
        {page?.hasSeries && <RangeMenu />}
        <FreshnessChip isLive={page?.isLive ?? false} isZoomed={(page?.hasSeries ?? false) && range.kind === "fixed"} onLive={() => setRange(RANGES[0].name)} onPause={onPause} />
        <Problems />
        <Button className={classes.connect} size="compact-sm" variant="default" leftSection={<PlugIcon />} onClick={onConnect}>
          Connect
        </Button>
        <button type="button" className={classes.search} onClick={onSearch} aria-keyshortcuts="Control+K Meta+K">
          <SearchIcon />
          <span className={classes.searchLabel}>Search</span>
          <kbd>{SEARCH_KEY}</kbd>
        </button>
      </div>
    </div>
  );
}

/** The shortcut of the command palette in the notation of the operating system. */
export const SEARCH_KEY = /Mac|iPhone|iPad/.test(typeof navigator === "undefined" ? "" : navigator.userAgent) ? "⌘K" : "Ctrl K";

function Breadcrumb({ page, title }: { page: Page | undefined; title: string }) {
  const isBelow = page !== undefined && title !== "" && title !== page.name;
  return (
    <nav className={classes.crumbs} aria-label="Breadcrumb">
      <ol>
        {page !== undefined && (
          <li>{isBelow ? <Link href={page.path}>{page.name}</Link> : <span aria-current="page">{page.name}</span>}</li>
        )}
        {(page === undefined || isBelow) && (
          <li>
            <span aria-current="page">{title}</span>
          </li>
        )}
      </ol>
    </nav>
  );
}

/** The server's name and environment, to distinguish tabs of different servers. */
function Server() {
  // The status is newer than the page when the server was started again with another configuration.
  const { data } = useStatus();
  const { name, environment, colour } = data?.server ?? identity;
  if (name === "" && environment == null) {
    return null;
  }
  return (
    <span className={classes.server} data-colour={colour ?? "none"} title="Set by `[server] name`, `environment` and `colour`">
      {name !== "" && <span className={classes.serverName}>{name}</span>}
      {environment != null && <strong>{environment}</strong>}
    </span>
  );
}

interface FreshnessChipProps {
  /** Whether the page refreshes. */
  isLive: boolean;
  /** Whether the charts show a fixed range, which does not move. */
  isZoomed: boolean;
  /** Leaves the fixed range. */
  onLive: () => void;
  /** Pauses or resumes refreshing. */
  onPause: () => void;
}

/** Shows whether the data is live, fixed to a range, paused, or old because the server does not respond. */
function FreshnessChip({ isLive, isZoomed, onLive, onPause }: FreshnessChipProps) {
  const freshness = useFreshness();
  const now = useNow();
  if (freshness.kind === "silent") {
    const age = freshness.at === 0 ? "" : ` ${duration(Math.max(0, now - freshness.at))}`;
    return (
      <span className={classes.freshness} data-kind="silent" role="alert">
        No response{age}
      </span>
    );
  }
  if (isZoomed) {
    return (
      <button type="button" className={classes.freshness} data-kind="fixed" title="The charts show a fixed range. Leave the zoom to see live data" onClick={onLive}>
        <CrossIcon />
        <span>Zoomed</span>
        <span className="visually-hidden">, leave the zoom</span>
      </button>
    );
  }
  const paused = freshness.kind === "paused";
  // On a page that does not refresh, a pause still stops the state of the server.
  if (!isLive && !paused) {
    return null;
  }
  return (
    <button
      type="button"
      className={classes.freshness}
      data-kind={freshness.kind}
      title={paused ? "Resume refreshing (.)" : "Refreshes every 5 seconds. Pause (.)"}
      onClick={onPause}
    >
      {paused ? <PlayIcon /> : <PauseIcon />}
      <span>{paused ? `Paused ${clock(freshness.at).slice(0, 5)}` : "Live"}</span>
      <span className="visually-hidden">{paused ? ", resume refreshing" : ", pause refreshing"}</span>
    </button>
  );
}

function Problems() {
  const open = useOpenProblems();
  const words = open.length === 0 ? "No open problems" : `${open.length} open ${open.length === 1 ? "problem" : "problems"}`;
  return (
    <Link href="/problems" className={classes.bell} data-open={open.length > 0} title={words}>
      <BellIcon />
      {open.length > 0 && <span aria-hidden="true">{open.length}</span>}
      <span className="visually-hidden">{words}</span>
    </Link>
  );
}
