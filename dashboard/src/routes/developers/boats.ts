// Sample data for the page Parts.
import type { ProblemItem } from "../../parts/problem-card";
import type { TimelineEvent } from "../../parts/timeline";

export interface Boat {
  id: string;
  name: string;
  harbour: string;
  state: "afloat" | "in repair" | "sunk";
  length: number;
  crew: number | null;
  built: string;
}

const NAMES = ["Vaka", "Ama", "Proa", "Tepuke", "Drua", "Kalia", "Waka", "Baurua", "Sakman", "Lakatoi", "=SUM(A1)", "Jukung"];
const HARBOURS = ["Hilo", "Apia", "Suva", "Papeete"];
const STATES = ["afloat", "afloat", "in repair", "afloat", "sunk"] as const;
const START = Date.UTC(2026, 0, 4, 9, 30);

/** The first page of the list contains 28 of them. */
export const BOATS: Boat[] = Array.from({ length: 40 }, (_, index) => ({
  id: String(index + 1),
  name: `${NAMES[index % NAMES.length]} ${index + 1}`,
  harbour: HARBOURS[(index * 7) % HARBOURS.length]!,
  state: STATES[index % STATES.length]!,
  length: 5 + ((index * 37) % 140) / 10,
  crew: index % 6 === 4 ? null : 1 + (index % 9),
  built: new Date(START - index * 86_400_000 * 31).toISOString(),
}));

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const problem = (id: string, changes: Partial<ProblemItem>): ProblemItem => ({
  id,
  capability: "cache",
  severity: "warning",
  title: "The cache is full and evicts fresh entries",
  detail: "412 entries a minute are evicted before they expire.",
  fix: "Raise `[cache] memory` from 96MiB, or give entries a shorter time to live.",
  first_seen: ago(190),
  last_seen: ago(1),
  count: 1204,
  state: "open",
  page: "/cache",
  ...changes,
});

export const PROBLEMS: ProblemItem[] = [
  problem("1", {
    severity: "critical", capability: "state", title: "The state database does not respond", count: 1, page: "/",
    detail: "No response from `/srv/shop/outrigger-data/state.db` for 4 minutes: disk I/O error.",
    fix: "Check the disk, then run `outrigger doctor`.",
  }),
  problem("2", {}),
  problem("3", { severity: "notice", state: "acknowledged", title: "A new version is available", detail: null, count: 3 }),
  problem("4", { severity: "error", state: "resolved", title: "The session pruner failed", fix: null, count: 12 }),
];

export const EVENTS: TimelineEvent[] = [
  { id: "1", at: ago(2), title: "Ana Ruiz changed the role of Kei Tanaka from viewer to operator", detail: "Dashboard, from 127.0.0.1" },
  { id: "2", at: ago(14), title: "Deployed shop 4.12.0", tone: "ok" },
  { id: "3", at: ago(48), title: "lena@example.com tried to log in", tone: "fail", state: "failed: wrong password" },
  { id: "4", at: ago(26 * 60), title: "The cache refused 19 writes", tone: "warn", state: "warning" },
  { id: "5", at: ago(27 * 60), title: "Outrigger 0.1.0 started" },
];
