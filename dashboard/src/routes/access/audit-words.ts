// Converts audit log entries into sentences with an actor, an action and an object.
import type { AuditEntry } from "../../api/types";

/** The parts of a sentence, so that the object can be a link. */
export interface Sentence {
  /** `changed the role of`, or `tried to change the role of`. */
  verb: string;
  object: string | null;
  /** The end of the sentence, such as `from viewer to operator`; may be empty. */
  rest: string;
}

type Change = AuditEntry["changes"][number];

interface Words {
  /** The infinitive for `tried to …`: `create the token`. */
  infinitive: string;
  /** The past tense: `created the token`. */
  past: string;
  /** Describes the changes. */
  rest?: (changes: readonly Change[]) => string;
  /** The kind of the object, if it has a page. */
  object?: "account" | "token";
  /** The option of the filter by action, if the infinitive without its preposition is unclear: `clear the cache`. */
  option?: string;
  /** Whether the sentence contains the object's name; true by default. */
  named?: false;
}

const to = (changes: readonly Change[], field: string) => changes.find((change) => change.field === field)?.to;
const from = (changes: readonly Change[], field: string) => changes.find((change) => change.field === field)?.from;

const WORDS: Record<string, Words> = {
  "access.log_in": { infinitive: "log in", past: "logged in", named: false },
  "access.log_in_by_link": { infinitive: "log in with a login link", past: "logged in with a login link", named: false },
  "access.log_out": { infinitive: "log out", past: "logged out", named: false },
  "access.set_up_owner": { infinitive: "set up the owner account", past: "set up the owner account", object: "account" },
  "access.create_account": {
    infinitive: "add the account",
    past: "added the account",
    object: "account",
    rest: (changes) => after("as", to(changes, "role")),
  },
  "access.update_account": { infinitive: "change the account", past: "changed the account", object: "account", rest: listed },
  "access.delete_account": { infinitive: "delete the account", past: "deleted the account", rest: (changes) => bracketed(from(changes, "role")) },
  "access.update_me": { infinitive: "change their own account", past: "changed their own account", named: false, rest: listed },
  "access.create_login_link": { infinitive: "create a login link for", past: "created a login link for", object: "account" },
  "access.create_token": {
    infinitive: "create the token",
    past: "created the token",
    object: "token",
    rest: (changes) => after("with", to(changes, "scopes")),
  },
  "access.revoke_token": { infinitive: "revoke the token", past: "revoked the token", rest: (changes) => bracketed(from(changes, "scopes")) },
  "access.revoke_own_token": { infinitive: "revoke their own token", past: "revoked their own token" },
  "access.revoke_session": { infinitive: "end a session of", past: "ended a session of" },
  "access.revoke_own_session": { infinitive: "end one of their own sessions", past: "ended one of their own sessions", named: false },
  "access.create_ingest_key": { infinitive: "create the ingest key", past: "created the ingest key" },
  "access.revoke_ingest_key": { infinitive: "revoke the ingest key", past: "revoked the ingest key" },
  "access.confirm_clock": { infinitive: "confirm the clock", past: "confirmed the clock", named: false },
  "problems.acknowledge_problem": { infinitive: "acknowledge the problem", past: "acknowledged the problem" },
  "problems.unacknowledge_problem": { infinitive: "reopen the problem", past: "reopened the problem" },
  "jobs.retry_job": { infinitive: "retry the job", past: "retried the job" },
  "jobs.cancel_job": { infinitive: "cancel the job", past: "cancelled the job" },
  "jobs.pause_queue": { infinitive: "pause the queue", past: "paused the queue" },
  "jobs.resume_queue": { infinitive: "resume the queue", past: "resumed the queue" },
  "cache.clear": {
    infinitive: "clear",
    past: "cleared",
    option: "clear the cache",
    rest: (changes) => {
      const entries = from(changes, "entries");
      return entries == null ? "" : `(${entries === "1" ? "1 entry" : `${Number(entries).toLocaleString("en")} entries`})`;
    },
  },
};

/** The options of the filter by action. */
export const ACTIONS: { value: string; label: string }[] = [
  { value: "access.", label: "all access actions" },
  { value: "cache.", label: "all cache actions" },
  { value: "jobs.", label: "all job actions" },
  { value: "problems.", label: "all actions on problems" },
  ...Object.entries(WORDS).map(([value, { infinitive, option }]) => ({ value, label: option ?? withoutPreposition(infinitive) })),
];

/** The preposition at the end of a verb belongs to the object that follows it. */
function withoutPreposition(verb: string): string {
  return verb.replace(/ (on|of|for)$/, "");
}

/** `cache.clear`, as words: `cache: clear`. */
function plainly(action: string): string {
  return action.replace(".", ": ").replaceAll("_", " ");
}

function after(word: string, value: string | null | undefined): string {
  return value == null ? "" : `${word} ${value}`;
}

function bracketed(value: string | null | undefined): string {
  return value == null ? "" : `(${value})`;
}

/** Names of fields that differ from the names in the dashboard. */
const FIELDS: Record<string, string> = { email: "e-mail address" };

/** `name from Ana to Anna, password changed`. */
function listed(changes: readonly Change[]): string {
  const parts = changes.map((change) => `${FIELDS[change.field] ?? change.field.replaceAll("_", " ")} ${fromTo(change)}`);
  return parts.length === 0 ? "" : `(${parts.join(", ")})`;
}

function fromTo({ from: before, to: now }: Change): string {
  return before == null ? (now ?? "removed") : `from ${before} to ${now ?? "none"}`;
}

/** The words for a change of one field of an account, which is the most common change. */
function changeOfAccount(changes: readonly Change[]): Words | undefined {
  const only = changes.length === 1 ? changes[0] : undefined;
  switch (only?.field) {
    case "role":
      return { infinitive: "change the role of", past: "changed the role of", object: "account", rest: () => fromTo(only) };
    case "disabled":
      return only.to === "yes"
        ? { infinitive: "disable the account", past: "disabled the account", object: "account" }
        : { infinitive: "enable the account", past: "enabled the account", object: "account" };
    case "name":
      return { infinitive: "rename", past: "renamed", object: "account", rest: () => fromTo(only) };
    default:
      return undefined;
  }
}

function wordsOf(entry: AuditEntry): Words {
  const known = WORDS[entry.action];
  if (entry.action === "access.update_account") {
    return changeOfAccount(entry.changes) ?? known!;
  }
  return known ?? { infinitive: `carry out “${plainly(entry.action)}” on`, past: `carried out “${plainly(entry.action)}” on`, rest: listed };
}

export function sentenceOf(entry: AuditEntry): Sentence {
  const words = wordsOf(entry);
  const object = words.named === false ? null : (entry.target_name ?? entry.target ?? null);
  const verb = entry.outcome === "ok" ? words.past : `tried to ${words.infinitive}`;
  // One entry represents all refusals of the same action within a minute.
  const repeats = to(entry.changes, "repeats");
  return {
    verb: object === null ? withoutPreposition(verb) : verb,
    object,
    rest: repeats == null ? (words.rest?.(entry.changes) ?? "") : repeats === "1" ? "once more" : `${repeats} more times`,
  };
}

/** The URL of the object's details; null if it has none or if this action deleted it. */
export function objectHref(entry: AuditEntry): string | null {
  const kind = wordsOf(entry).object;
  return kind === undefined || entry.target == null ? null : `/access/${kind}s/${entry.target}`;
}

/** The name of the actor. Before set-up, the owner account is also named `local`, but its kind is `account`. */
export function actorOf({ actor, actor_kind }: Pick<AuditEntry, "actor" | "actor_kind">): string {
  switch (actor_kind) {
    case "local":
      return "The command line on this machine";
    case "system":
      return "Outrigger";
    case "token":
      return `The token “${actor}”`;
    case "anonymous":
      return actor === "anonymous" ? "An anonymous client" : actor;
    default:
      return actor;
  }
}

/** The URL of the actor's details; null if it has none. */
export function actorHref({ actor_id, actor_kind }: Pick<AuditEntry, "actor_id" | "actor_kind">): string | null {
  if (actor_id == null) {
    return null;
  }
  return actor_kind === "account" ? `/access/accounts/${actor_id}` : actor_kind === "token" ? `/access/tokens/${actor_id}` : null;
}

/** The value for the filter by actor. The server distinguishes an account from a token with the same name. */
export function actorValue({ actor, actor_id, actor_kind }: Pick<AuditEntry, "actor" | "actor_id" | "actor_kind">): string {
  return actor_id ?? (actor_kind === "token" ? `token:${actor}` : actor);
}

const INTERFACES: Record<string, string> = { dashboard: "the dashboard", api: "the API", cli: "the command line", redis: "the Redis protocol" };

/** `through the API`; empty for Outrigger's own actions, which use no interface. */
export function throughOf({ via }: Pick<AuditEntry, "via">): string {
  return via === "internal" ? "" : `through ${INTERFACES[via] ?? via}`;
}

/** The reason for a failure, in words; null if the action succeeded. */
export function failure({ outcome }: Pick<AuditEntry, "outcome">): string | null {
  return outcome === "ok" ? null : outcome.replaceAll("_", " ");
}

/** The whole sentence as text. */
export function sentenceText(entry: AuditEntry): string {
  const { verb, object, rest } = sentenceOf(entry);
  return [actorOf(entry), verb, object, rest].filter((part) => part !== null && part !== "").join(" ");
}

const HOUR = 3_600_000;

export const PERIODS: { value: string; label: string; length: number }[] = [
  { value: "1h", label: "last hour", length: HOUR },
  { value: "24h", label: "last 24 hours", length: 24 * HOUR },
  { value: "7d", label: "last 7 days", length: 7 * 24 * HOUR },
  { value: "30d", label: "last 30 days", length: 30 * 24 * HOUR },
];
