import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AuditEntry } from "../../api/types";
import { ACTIONS, actorHref, actorOf, actorValue, failure, objectHref, sentenceText } from "./audit-words";

function entry(action: string, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: "1", at: "2026-11-25T12:00:00Z", action, actor: "ana@example.com", actor_id: "a1", actor_kind: "account", address: null, changes: [],
    outcome: "ok", request_id: null, request_id_from_client: false, target: null, target_name: null, via: "dashboard", ...changes,
  };
}

const on = (target: string, target_name: string | null = null) => ({ target, target_name });

describe("a sentence of the audit log", () => {
  test.each([
    ["access.update_account", { ...on("d1", "dev@example.com"), changes: [{ field: "role", from: "viewer", to: "owner" }] }, "changed the role of dev@example.com from viewer to owner"],
    ["access.update_account", { ...on("d1", "dev@example.com"), changes: [{ field: "disabled", from: "no", to: "yes" }] }, "disabled the account dev@example.com"],
    ["access.update_account", { ...on("d1", "dev@example.com"), changes: [{ field: "name", from: "Dev", to: "Devi" }] }, "renamed dev@example.com from Dev to Devi"],
    [
      "access.update_account",
      { ...on("d1", "dev@example.com"), changes: [{ field: "role", from: "viewer", to: "admin" }, { field: "password", to: "changed" }] },
      "changed the account dev@example.com (role from viewer to admin, password changed)",
    ],
    ["access.create_account", { ...on("d1", "dev@example.com"), changes: [{ field: "role", to: "viewer" }] }, "added the account dev@example.com as viewer"],
    ["access.create_token", { ...on("t1", "deploy"), changes: [{ field: "scopes", to: "cache:write" }, { field: "expires_at", to: "never" }] }, "created the token deploy with cache:write"],
    ["access.create_login_link", on("d1", "dev@example.com"), "created a login link for dev@example.com"],
    ["cache.clear", { ...on("database 7"), changes: [{ field: "entries", from: "2278", to: "0" }] }, "cleared database 7 (2,278 entries)"],
    ["problems.acknowledge_problem", on("cache_full", "The cache is full"), "acknowledged the problem The cache is full"],
    ["access.log_in", on("a1", "ana@example.com"), "logged in"],
    ["boats.rename_boat", on("b1", "Ida"), "carried out “boats: rename boat” on Ida"],
    ["boats.count", {}, "carried out “boats: count”"],
  ])("%s %#", (action, changes, words) => {
    expect(sentenceText(entry(action, changes as Partial<AuditEntry>))).toBe(`ana@example.com ${words}`);
  });

  test("a failed action is described as an attempt", () => {
    const refused = entry("access.create_token", { outcome: "not_permitted" });

    expect(sentenceText(refused)).toBe("ana@example.com tried to create the token");
    expect(failure(refused)).toBe("not permitted");
    expect(failure(entry("access.log_in"))).toBeNull();
  });

  test("repeated refusals are one sentence", () => {
    const repeated = entry("cache.clear", { outcome: "forbidden", changes: [{ field: "repeats", to: "12" }] });

    expect(sentenceText(repeated)).toBe("ana@example.com tried to clear 12 more times");
  });
});

describe("the actor", () => {
  test("an account named local is distinguished from the command line", () => {
    expect(actorOf({ actor: "local", actor_kind: "account" })).toBe("local");
    expect(actorOf({ actor: "local", actor_kind: "local" })).toBe("The command line on this machine");
    expect(actorOf({ actor: "ana@example.com", actor_kind: "token" })).toBe("The token “ana@example.com”");
  });

  test("a filter distinguishes a token from an account with the same name", () => {
    expect(actorValue({ actor: "ana@example.com", actor_id: null, actor_kind: "token" })).toBe("token:ana@example.com");
    expect(actorValue({ actor: "ana@example.com", actor_id: "a1", actor_kind: "account" })).toBe("a1");
  });

  test("accounts and tokens are links, and so are changed objects unless they were deleted", () => {
    expect(actorHref(entry("cache.clear"))).toBe("/access/accounts/a1");
    expect(actorHref(entry("cache.clear", { actor_kind: "local", actor_id: null }))).toBeNull();
    expect(objectHref(entry("access.create_token", on("t1", "deploy")))).toBe("/access/tokens/t1");
    expect(objectHref(entry("access.revoke_token", on("t1", "deploy")))).toBeNull();
  });
});

describe("the filter by action", () => {
  const document = readFileSync(new URL("../../../../docs/reference/openapi.json", import.meta.url), "utf8");
  const audited = [...document.matchAll(/"x-audit": "([^"]+)"/g)].map(([, action]) => action!);
  const options = ACTIONS.filter(({ value }) => !value.endsWith("."));

  test("offers every action that the server records, and no other", () => {
    // The owner account is set up at the start, by no request.
    expect(options.map(({ value }) => value).sort()).toEqual([...new Set([...audited, "access.set_up_owner"])].sort());
  });

  test("offers all actions of each capability", () => {
    const capabilities = new Set(audited.map((action) => `${action.split(".")[0]}.`));

    expect(ACTIONS.map(({ value }) => value).filter((value) => value.endsWith(".")).sort()).toEqual([...capabilities].sort());
  });

  test("has labels that do not end with a preposition", () => {
    expect(options.filter(({ label }) => / (on|of|for)$/.test(label))).toEqual([]);
  });
});
