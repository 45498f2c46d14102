// The page Access: accounts, sessions, tokens and the audit log.
//
// Each account and token has its own URL, such as `/access/accounts/<id>`, which opens a drawer over the list.
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useLocation, useParams } from "wouter";
import { PageHead } from "../../parts/page-head";
import { useUrlWord, wordOf } from "../../shell/url-state";
import classes from "./access.module.css";
import { Accounts } from "./accounts";
import { Audit } from "./audit";
import { Sessions } from "./sessions";
import { Tokens } from "./tokens";

const TABS = ["accounts", "sessions", "tokens", "audit"] as const;
type Tab = (typeof TABS)[number];

const NAMES: Record<Tab, string> = {
  accounts: "Accounts",
  sessions: "Sessions",
  tokens: "Tokens",
  audit: "Audit log",
};

const PANELS: Record<Tab, () => React.ReactNode> = {
  accounts: Accounts,
  sessions: Sessions,
  tokens: Tokens,
  audit: Audit,
};

export function AccessPage() {
  const [, navigate] = useLocation();
  const [chosen] = useUrlWord<Tab>("tab", TABS, "accounts");
  const { kind } = useParams<{ kind?: string }>();
  const tab = wordOf(kind ?? null, TABS, chosen);
  const Panel = PANELS[tab];
  return (
    <>
      <PageHead title="Access" guide="access" lead="People log in with accounts. Programs use tokens. The audit log records every change." />
      <TabList tab={tab} onChange={(next) => navigate(next === "accounts" ? "/access" : `/access?tab=${next}`)} />
      <div id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`} className={classes.panel}>
        <Panel />
      </div>
    </>
  );
}

/** The tab list is a single Tab stop; arrow keys move between the tabs, as the ARIA tabs pattern requires. */
function TabList({ tab, onChange }: { tab: Tab; onChange: (tab: Tab) => void }) {
  const list = useRef<HTMLDivElement>(null);
  // Not `scrollIntoView`: it moves the start of the Tab order here, past the navigation.
  useEffect(() => {
    const tabs = list.current;
    const selected = tabs?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (tabs && selected) {
      const first = selected.offsetLeft + selected.offsetWidth - tabs.clientWidth;
      tabs.scrollLeft = Math.min(Math.max(tabs.scrollLeft, first), selected.offsetLeft);
    }
  }, [tab]);

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -TABS.length, End: TABS.length }[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const here = TABS.indexOf(tab);
    const next = Math.abs(step) === 1 ? (here + step + TABS.length) % TABS.length : step < 0 ? 0 : TABS.length - 1;
    onChange(TABS[next]!);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus();
  }
  return (
    <div ref={list} role="tablist" aria-label="Access" className={classes.tabs} onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={name === tab}
          aria-controls={name === tab ? `panel-${name}` : undefined}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => onChange(name)}
        >
          {NAMES[name]}
        </button>
      ))}
    </div>
  );
}
