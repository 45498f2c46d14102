import { describe, expect, it } from "vitest";
import { pathOf } from "./sparkline";

describe("a sparkline", () => {
  it("breaks where samples are missing", () => {
    expect(pathOf([0, 1, null, 1]).match(/M/g)).toHaveLength(2);
    expect(pathOf([null, null])).toBe("");
  });

  it("is scaled to the largest value, or to `max`", () => {
    expect(pathOf([0, 4])).toBe("M0.0 30.0L120.0 2.0");
    expect(pathOf([0, 4], 8)).toBe("M0.0 30.0L120.0 16.0");
  });

  it("keeps the peaks of many samples", () => {
    const values = Array.from({ length: 1200 }, (_, index) => (index === 601 ? 10 : 0));
    expect(pathOf(values)).toContain(" 2.0");
  });
});
