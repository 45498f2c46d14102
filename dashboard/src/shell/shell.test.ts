import { describe, expect, it } from "vitest";
import { identityFrom } from "../api/identity";
import { search, type Command } from "./commands";
import { titleOf } from "./title";

const command = (title: string, group: string, more: Partial<Command> = {}): Command => ({ id: title, title, group, ...more });

const COMMANDS = [
  command("Cache", "Pages", { keywords: "redis hit ratio" }),
  command("Clear database 7…", "Actions", { hint: "50 entries" }),
  command("cache.memory", "Configuration keys"),
  command("Recovery", "Guides"),
];

describe("the command palette", () => {
  it("lists pages and actions before the user types", () => {
    expect(search(COMMANDS, " ", 10).map(({ title }) => title)).toEqual(["Cache", "Clear database 7…"]);
  });

  it("lists matches at the start of a title first, and requires every word", () => {
    expect(search(COMMANDS, "cache", 10).map(({ title }) => title)).toEqual(["Cache", "cache.memory"]);
    expect(search(COMMANDS, "clear 7", 10).map(({ title }) => title)).toEqual(["Clear database 7…"]);
    expect(search(COMMANDS, "redis", 10).map(({ title }) => title)).toEqual(["Cache"]);
    expect(search(COMMANDS, "clear nothing", 10)).toEqual([]);
  });

  it("returns at most `limit` commands", () => {
    expect(search(COMMANDS, "c", 1)).toHaveLength(1);
  });
});

describe("the title of the tab", () => {
  it("contains the number of open problems, the page and the server", () => {
    expect(titleOf("Cache", 0, "shop-1")).toBe("Cache – shop-1");
    expect(titleOf("Cache", 2, "shop-1")).toBe("● 2 – Cache – shop-1");
    expect(titleOf("Home", 0, "")).toBe("Home – Outrigger");
  });
});

describe("the server's identity", () => {
  it("is read from the page, and unknown colours are ignored", () => {
    const attributes: Record<string, string> = { content: "shop-1", "data-environment": "staging", "data-colour": "mauve" };
    expect(identityFrom((name) => attributes[name])).toEqual({ name: "shop-1", environment: "staging", colour: null });
    expect(identityFrom(() => null)).toEqual({ name: "", environment: null, colour: null });
  });
});
