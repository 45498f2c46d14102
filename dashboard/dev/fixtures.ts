// Realistic sample data. The figures change with the clock, so that live charts move.
import type { Account, AuditEntry, CacheStats, ConfigKey, DoctorCheck, History, LoginLink, Me, ServerEvent, ServerProblem, Session, Status, Token } from "../src/api/types";

const STARTED = Date.now() - 3 * 86_400_000 - 5 * 3_600_000;
const INTERVAL = 5000;
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const ahead = (minutes: number) => ago(-minutes);

export const accounts: Account[] = [
  account("1", "ana@example.com", "Ana Ruiz", "owner", 4),
  account("2", "kei@example.com", "Kei Tanaka", "operator", 190),
  account("3", "lena.maria.hartmann@subsidiary.example.com", "Lena Hartmann", "viewer", 9000),
  { ...account("4", "former@example.com", "Sam Ode", "admin", 90_000), disabled: true },
];

function account(id: string, email: string, name: string, role: Account["role"], minutes: number): Account {
  return { id, email, name, role, disabled: false, created_at: ago(200_000), last_login_at: ago(minutes) };
}

export function me(scene: string): Me {
  const base = { via: "session" as const, expires_at: ahead(60 * 24 * 13), setup_required: false };
  if (scene === "viewer") {
    return { ...base, account: accounts[2]!, scopes: ["cache:read", "jobs:read", "server:read", "config:read"] };
  }
  if (scene === "setup") {
    return { ...base, account: { ...accounts[0]!, email: null, name: "local" }, scopes: ["*"], setup_required: true };
  }
  return { ...base, account: accounts[0]!, scopes: ["*"] };
}

export const link: LoginLink = {
  url: "http://127.0.0.1:7300/admin/production/login/link#Qd8x0pV3nUeJ2sT6hYkLrA",
  expires_at: ahead(30),
};

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

export const sessions: Session[] = [
  session("1", "ana@example.com", "127.0.0.1", FIREFOX, 4, true),
  session("2", "kei@example.com", "2001:db8:85a3::8a2e:370:7334", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1", 190, false),
];

function session(id: string, who: string, address: string, user_agent: string, minutes: number, current: boolean): Session {
  return {
    id, account_id: id, account: who, address, user_agent, current,
    created_at: ago(minutes + 600), last_seen_at: ago(minutes), expires_at: ahead(60 * 24 * 13),
  };
}

export const tokenText = "otr_4fJq8T2mVbX0sLw9ZcR7yKd3GhN6pUaE1iQvB5x";

export const tokens: Token[] = [
  { id: "1", name: "shop backend", hint: "otr_4fJq", scopes: ["cache:write"], account_id: "1", created_by: "ana@example.com", created_at: ago(40_000), expires_at: ahead(60 * 24 * 61), last_used_at: ago(1) },
  { id: "2", name: "prometheus", hint: "otr_Zp02", scopes: ["metrics:read", "server:read"], account_id: "2", created_by: "kei@example.com", created_at: ago(90_000), expires_at: null, last_used_at: ago(0.2) },
];

export function audit(query: URLSearchParams): { items: AuditEntry[]; next: string | null } {
  const start = Number(query.get("cursor") ?? 0);
  const actions = ["access.log_in", "access.create_token", "cache.clear", "access.update_account", "access.log_in", "access.revoke_session"];
  const all = Array.from({ length: 60 }, (_, index): AuditEntry => {
    const action = actions[index % actions.length]!;
    const program = index % 5 === 2;
    return {
      id: String(index), at: ago(index * 47 + 3), action,
      actor: program ? "shop backend" : accounts[index % 2]!.email!, actor_kind: program ? "token" : "account",
      actor_id: program ? "1" : String(1 + (index % 2)),
      via: program ? "api" : "dashboard", target: action === "cache.clear" ? "database 0" : action === "access.update_account" ? "2" : null,
      target_name: action === "access.update_account" ? "kei@example.com" : action === "access.create_token" ? "shop backend" : null,
      changes: action === "access.update_account" ? [{ field: "role", from: "viewer", to: "operator" }] : [],
      outcome: index % 7 === 4 ? "wrong_credentials" : "ok", address: "127.0.0.1", request_id: `01a2f6c${index}`, request_id_from_client: false,
    };
  });
  const found = all.filter(
    (entry) =>
      (!query.get("actor") || entry.actor === query.get("actor") || entry.actor_id === query.get("actor")) &&
      (!query.get("target") || entry.target === query.get("target")) &&
      (!query.get("outcome") || (entry.outcome === "ok") === (query.get("outcome") === "ok")) &&
      (!query.get("since") || entry.at >= query.get("since")!) &&
      (!query.get("action") || (query.get("action")!.endsWith(".") ? entry.action.startsWith(query.get("action")!) : entry.action === query.get("action"))),
  );
  return { items: found.slice(start, start + 25), next: start + 25 < found.length ? String(start + 25) : null };
}

export const server: Status["server"] = { name: "shop-1", environment: "production", colour: "orange" };

export function status(scene: string): Status {
  return {
    server,
    version: "0.1.0",
    started_at: new Date(STARTED).toISOString(),
    uptime_ms: Date.now() - STARTED,
    pid: 48_213,
    data_dir: "/srv/shop/outrigger-data",
    process: { resident_bytes: 41_300_000 + 400_000 * Math.sin(Date.now() / 60_000), cpu_ms: (Date.now() - STARTED) * 0.0041, open_files: 96, open_files_max: 20_000, threads: 9 },
    stores: [
      { name: "state", backend: "sqlite", location: "/srv/shop/outrigger-data/state.db", size_bytes: 1_284_096, reachable: scene !== "failing" },
      { name: "cache", backend: "memory", location: null, size_bytes: 87_650_000, reachable: true },
      { name: "logs", backend: "files", location: "/srv/shop/outrigger-data/logs", size_bytes: 23_100_200, reachable: true },
    ],
    listeners: [
      { name: "http", address: "127.0.0.1:7300", url: "http://127.0.0.1:7300", tls: false },
      { name: "redis", address: "127.0.0.1:7379", url: "redis://127.0.0.1:7379", tls: false },
      { name: "redis-socket", address: "/srv/shop/outrigger-data/redis.sock", url: "unix:///srv/shop/outrigger-data/redis.sock", tls: false },
      { name: "control", address: "/srv/shop/outrigger-data/control.sock", url: "unix:///srv/shop/outrigger-data/control.sock", tls: false },
    ],
    services: [
      { name: "http", state: "running", restarts: 0, last_error: null },
      { name: "redis", state: "running", restarts: 0, last_error: null },
      { name: "session-pruner", state: scene === "degraded" ? "waiting" : "running", restarts: scene === "degraded" ? 3 : 0, last_error: scene === "degraded" ? "the database is locked" : null },
      { name: "sampler", state: "running", restarts: 0, last_error: null },
    ],
    ...STATES[scene === "degraded" || scene === "failing" ? scene : "ok"],
  };
}

function problem(id: string, capability: string, severity: ServerProblem["severity"], words: Pick<ServerProblem, "title" | "detail" | "fix">, more: Partial<ServerProblem> = {}): ServerProblem {
  return {
    id, code: id, capability, severity, ...words, page: `/${capability}`, guide: null, first_seen: ago(140), last_seen: ago(0.1), count: 412, state: "open",
    acknowledged_by: null, acknowledged_at: null, resolved_at: null, ...more,
  };
}

const cacheFull = problem(
  "cache_full", "cache", "warning",
  { title: "The cache is full and evicts fresh entries", detail: "412 entries a minute are evicted before they expire.", fix: "Raise `[cache] memory` from 96MiB, or give entries a shorter time to live." },
  { guide: "cache#memory-limit-and-eviction" },
);

const STATES: Record<Status["state"], Pick<Status, "state" | "sentence" | "problems">> = {
  ok: { state: "ok", sentence: "All good.", problems: [] },
  degraded: {
    state: "degraded",
    sentence: "2 problems need attention; the most severe: session-pruner keeps failing.",
    problems: [
      problem("service_restarting", "server", "error", { title: "session-pruner keeps failing", detail: "It failed 3 times in 10 minutes: the database is locked. Expired sessions stay in `state.db` meanwhile.", fix: "Look for a backup tool that holds `state.db` open; the service tries again every minute." }, { count: 3 }),
      cacheFull,
    ],
  },
  failing: {
    state: "failing",
    sentence: "The state database does not respond: logging in is not possible.",
    problems: [
      problem("store_unreachable", "server", "critical", { title: "The state database does not respond", detail: "No response from `/srv/shop/outrigger-data/state.db` for 4 minutes: disk I/O error.", fix: "Check the disk, then run `outrigger doctor`." }),
      { ...cacheFull, state: "acknowledged", acknowledged_by: "kei@example.com", acknowledged_at: ago(60) },
    ],
  },
};

export function problems(scene: string, state: string | null): { items: ServerProblem[]; next: string | null } {
  const resolved = { ...cacheFull, id: "cache_refusing", title: "The cache refused writes", state: "resolved" as const, resolved_at: ago(600), last_seen: ago(610), count: 19 };
  const all = [...STATES[scene === "degraded" || scene === "failing" ? scene : "ok"].problems, resolved];
  return { items: all.filter((one) => state === null || one.state === state), next: null };
}

export function events(query: URLSearchParams): { items: ServerEvent[]; next: string | null } {
  const event = (id: string, minutes: number, kind: ServerEvent["kind"], title: string, actor = "outrigger"): ServerEvent => ({
    id, at: ago(minutes), kind, title, attributes: {}, actor, actor_kind: actor === "outrigger" ? "system" : "account",
  });
  const all = [
    event("1", 4, "deploy", "Shop v241 is live", "ci"),
    event("2", 11, "cache_cleared", "Cleared 18,204 entries in database 0", "kei@example.com"),
    event("3", 190, "role_changed", "Kei Tanaka is now operator", "ana@example.com"),
    event("4", 600, "problem_resolved", "The cache refused writes"),
    event("5", 640, "problem_opened", "The cache refused writes"),
    event("6", 4620, "start", "Outrigger 0.1.0 started"),
  ];
  const from = new Date(query.get("from") ?? 0).getTime();
  return { items: all.filter(({ at }) => new Date(at).getTime() >= from).slice(0, Number(query.get("limit") ?? 50)), next: null };
}

const wave = (at: number, period: number, shift = 0) => 0.5 + 0.5 * Math.sin(at / 1000 / period + shift);
const grain = (at: number) => {
  const value = Math.sin(at * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
};

export function history(scene: string, query: URLSearchParams): History {
  const [since, from, to] = ["since", "from", "to"].map((name) => query.get(name)) as [string | null, string | null, string | null];
  const last = to === null ? Date.now() : Math.min(Date.now(), new Date(to).getTime());
  const start = from !== null ? new Date(from).getTime() : since === null ? last - 3_600_000 : new Date(since).getTime() + 1;
  const interval = from === null ? INTERVAL : Math.max(1, Math.ceil((last - start) / 1500 / INTERVAL)) * INTERVAL;
  const end = Math.floor(last / interval) * interval;
  const at_ms: number[] = [];
  for (let at = Math.ceil(start / interval) * interval; at <= end; at += interval) {
    at_ms.push(at);
  }
  const series = (figure: (at: number) => number | null) => at_ms.map(figure);
  const quiet = scene === "empty";
  const reads = (at: number) => (quiet ? 0 : 310 + 220 * wave(at, 190) + 60 * grain(at));
  const ratio = (at: number) => 0.88 + 0.07 * wave(at, 260, 1) + 0.02 * grain(at + 1);
  const requests = (at: number) => (quiet ? (at % 60_000 === 0 ? 0.4 : 0) : 18 + 14 * wave(at, 210) + 6 * grain(at + 2));
  return {
    interval_ms: interval,
    at_ms,
    series: {
      http_requests: series(requests),
      http_errors: series((at) => (quiet ? 0 : grain(at + 3) > 0.93 ? 0.4 : 0)),
      http_latency_p50_ms: series((at) => (requests(at) === 0 ? null : 0.42 + 0.2 * grain(at + 4))),
      http_latency_p99_ms: series((at) => (requests(at) === 0 ? null : 3.1 + 5 * wave(at, 130) * grain(at + 5))),
      cache_hits: series((at) => reads(at) * ratio(at)),
      cache_misses: series((at) => reads(at) * (1 - ratio(at))),
      cache_writes: series((at) => reads(at) * (1 - ratio(at)) * 1.1),
      cache_evictions: series((at) => (quiet ? 0 : 3 * wave(at, 300) * grain(at + 6))),
      cache_expirations: series((at) => (quiet ? 0 : 9 + 4 * grain(at + 7))),
      cache_refusals: series(() => 0),
      cache_memory_bytes: series((at) => (quiet ? 0 : 84e6 + 4e6 * wave(at, 700))),
      cache_entries: series(() => (quiet ? 0 : 18_204)),
      redis_commands: series((at) => reads(at) * 1.25),
      redis_connections: series(() => (quiet ? 0 : 24)),
      jobs_enqueued: series((at) => (quiet ? 0 : 4 + 3 * wave(at, 240) + grain(at + 10))),
      jobs_completed: series((at) => (quiet ? 0 : 4 + 3 * wave(at, 240, -0.3) + grain(at + 11))),
      jobs_failed: series((at) => (quiet ? 0 : grain(at + 12) > 0.8 ? 0.4 : 0)),
      jobs_pending: series((at) => (quiet ? 0 : Math.round(12 + 30 * wave(at, 240, -0.6) * grain(at + 13)))),
      jobs_processing: series((at) => (quiet ? 0 : Math.round(6 + 2 * wave(at, 150)))),
      jobs_delay_seconds: series((at) => (quiet ? 0 : 1.5 + 14 * wave(at, 240, -0.6) * grain(at + 14))),
      process_resident_bytes: series((at) => 41e6 + 0.6e6 * wave(at, 900) + 0.1e6 * grain(at + 8)),
      process_cpu_ratio: series((at) => (quiet ? 0.002 : 0.031 + 0.02 * wave(at, 190) + 0.006 * grain(at + 9))),
    },
  };
}

export function cacheStats(scene: string): CacheStats {
  const empty = scene === "empty";
  const served = empty ? 0 : Math.floor((Date.now() - STARTED) / 3);
  return {
    entries: empty ? 0 : 18_204, memory_bytes: empty ? 0 : 87_650_000, memory_max_bytes: 96 * 1024 * 1024, eviction: "all",
    hits: Math.floor(served * 0.93), misses: Math.floor(served * 0.07), hit_ratio: empty ? null : 0.9314,
    writes: Math.floor(served * 0.08), deletes: empty ? 0 : 1204, expirations: empty ? 0 : 240_112, evictions: empty ? 0 : 3120,
    refusals: 0, connections: empty ? 0 : 24, commands: Math.floor(served * 1.25),
    databases: empty ? [] : [{ database: 0, entries: 17_880 }, { database: 1, entries: 312 }, { database: 5, entries: 12 }],
  };
}

export const config: ConfigKey[] = [
  key("server.data_dir", "./outrigger-data", "./outrigger-data", "text", "The directory of databases, sockets, keys and logs."),
  key("http.listen", "127.0.0.1:7300", "127.0.0.1:7300", "address", "The address of the HTTP listener. Beyond loopback without TLS it also needs `[http] allow_plaintext`."),
  { ...key("http.public_url", "https://shop.example.com", null, "text", "The URL under which browsers reach this server."), source: "file", source_detail: "/etc/outrigger.toml:4" },
  { ...key("http.trusted_proxies", ["10.0.0.0/8"], [], "list", "Networks of proxies whose forwarding headers are trusted."), source: "file", source_detail: "/etc/outrigger.toml:5" },
  { ...key("cache.memory", "96MiB", "64MiB", "size", "The maximum memory for entries, including keys, values and overhead. 1MiB to 1TiB; default 64MiB."), source: "environment", source_detail: "OUTRIGGER_CACHE__MEMORY", aliases: ["CACHE_MAX_MEMORY"] },
  key("cache.eviction", "all", "all", "`all` or `volatile`", "Which entries are evicted when `cache.memory` is reached: `all`, or only those with a time to live."),
  key("cache.ttl", "1h", "1h", "duration", "The default time to live of entries written over HTTP."),
  { ...key("redis.password", "[secret]", null, "secret", "The password for `AUTH`. Required to listen beyond loopback."), source: "flag", source_detail: "--set redis.password" },
  key("redis.listen", "127.0.0.1:7379", "127.0.0.1:7379", "address", "The address of the Redis listener."),
  key("redis.idle_timeout", null, null, "duration", "The time without a command after which a connection is closed; never if not set."),
  key("log.level", "info", "info", "`error`, `warn`, `info`, `debug` or `trace`", "The lowest severity of messages to log."),
];

function key(name: string, value: unknown, fallback: unknown, kind: string, documentation: string): ConfigKey {
  const variable = `OUTRIGGER_${name.replace(".", "__").toUpperCase()}`;
  return { key: name, value, default: fallback, source: "default", source_detail: null, kind, documentation, variable, aliases: [] };
}

export function doctor(scene: string): { checks: DoctorCheck[] } {
  const broken = scene === "failing";
  return {
    checks: [
      { name: "data directory", result: "ok", detail: "/srv/shop/outrigger-data, for this user only", fix: null },
      { name: "disk space", result: "ok", detail: "48212 MiB free of 102400 MiB", fix: null },
      broken
        ? { name: "store", result: "fail", detail: "disk I/O error", fix: "check that it is running and reachable" }
        : { name: "store", result: "ok", detail: "it responds, and its integrity check passes", fix: null },
      { name: "public address", result: "advice", detail: "http://shop.example.com is not encrypted", fix: "enable https in the proxy and set `[http] public_url` to an https URL" },
    ],
  };
}
