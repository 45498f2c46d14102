// Access: who may sign in, who is signed in, which programs may call, and who did what.
import { useEffect, useRef, type KeyboardEvent } from "react";
import { PageHead } from "../../parts/page-head";
import { useUrlWord } from "../../shell/url-state";
import classes from "./access.module.css";
import { Accounts } from "./accounts";
import { Audit } from "./audit";
import { IngestKeys } from "./ingest-keys";
import { Sessions } from "./sessions";
import { Tokens } from "./tokens";

const TABS = ["accounts", "sessions", "tokens", "ingest-keys", "audit"] as const;
type Tab = (typeof TABS)[number];

const NAMES: Record<Tab, string> = {
  accounts: "Accounts",
  sessions: "Sessions",
  tokens: "Tokens",
  "ingest-keys": "Ingest keys",
  audit: "Audit log",
};

const PANELS: Record<Tab, () => React.ReactNode> = {
  accounts: Accounts,
  sessions: Sessions,
  tokens: Tokens,
  "ingest-keys": IngestKeys,
  audit: Audit,
};

export function AccessPage() {
  const [tab, setTab] = useUrlWord<Tab>("tab", TABS, "accounts");
  const Panel = PANELS[tab];
  return (
    <>
      <PageHead title="Access" guide="access" lead="People log in with accounts, programs call with tokens, and everything they change is written down." />
      <TabList tab={tab} onChange={setTab} />
      <div id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`} className={classes.panel}>
        <Panel />
      </div>
    </>
  );
}

/** One stop for the Tab key; arrows move between the tabs, as the pattern for tabs has it. */
function TabList({ tab, onChange }: { tab: Tab; onChange: (tab: Tab) => void }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
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
