import { describe, expect, it } from "vitest";
import { safeReturn, withParameters, wordOf } from "./url-state";

describe("state in the URL", () => {
  it("changes several parameters at once and drops empty ones", () => {
    expect(withParameters("?tab=audit&actor=ana", { actor: "", action: "access." })).toBe("?tab=audit&action=access.");
    expect(withParameters("?q=x", { q: "" })).toBe("");
  });

  it("falls back to the default for an unknown value", () => {
    expect(wordOf("1h", ["5m", "1h"], "5m")).toBe("1h");
    expect(wordOf("1y", ["5m", "1h"], "5m")).toBe("5m");
    expect(wordOf(null, ["5m", "1h"], "5m")).toBe("5m");
  });

  it("returns after login only to a page of the dashboard", () => {
    expect(safeReturn("/cache?range=1h")).toBe("/cache?range=1h");
    for (const elsewhere of [null, "", "cache", "//evil.example", "/\\evil.example", "https://evil.example", "/login?return=/"]) {
      expect(safeReturn(elsewhere)).toBe("/");
    }
  });
});
