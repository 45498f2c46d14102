import { describe, expect, it } from "vitest";
import { Presence } from "./presence";

describe("the cause of a request", () => {
  it("is the user when the page was just opened, and the page afterwards", () => {
    const presence = new Presence(0);
    expect(presence.isBackground("GET", 100)).toBe(false);
    expect(presence.isBackground("GET", 5_000)).toBe(true);
    expect(presence.isBackground("GET", 10_000)).toBe(true);
  });

  it("is the user for all requests shortly after a click", () => {
    const presence = new Presence(0);
    presence.isBackground("GET", 0);
    presence.used(60_000);
    expect([60_010, 60_020, 61_900].map((at) => presence.isBackground("GET", at))).toEqual([false, false, false]);
    expect(presence.isBackground("GET", 65_000)).toBe(true);
  });

  it("is the user for the first request after an interaction, however late it is", () => {
    const presence = new Presence(0);
    presence.isBackground("GET", 0);
    presence.used(10_000);
    expect(presence.isBackground("GET", 14_000)).toBe(false);
    expect(presence.isBackground("GET", 19_000)).toBe(true);
  });

  it("is the user for every change", () => {
    const presence = new Presence(0);
    expect(presence.isBackground("POST", 600_000)).toBe(false);
  });
});
