import { describe, expect, it } from "vitest";
import { duration, exact, relative } from "./time";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const at = (milliseconds: number) => new Date(NOW + milliseconds).toISOString();

describe("time", () => {
  it("writes a duration in its two largest units", () => {
    expect(duration(400)).toBe("0 s");
    expect(duration(59_000)).toBe("59 s");
    expect(duration(3_600_000)).toBe("1 h");
    expect(duration(11_100_000)).toBe("3 h 5 min");
    expect(duration(86_400_000 * 2 + 3_600_000 * 4 + 60_000)).toBe("2 d 4 h");
  });

  it("writes past and future times relative to now", () => {
    expect(relative(at(-10_000), NOW)).toBe("just now");
    expect(relative(at(-12 * 60_000), NOW)).toBe("12 min ago");
    expect(relative(at(3 * 3_600_000), NOW)).toBe("in 3 hours");
    expect(relative(at(-24 * 3_600_000), NOW)).toBe("1 day ago");
    expect(relative(at(30 * 86_400_000), NOW)).toBe("in 30 days");
  });

  it("never shows a recent event as being in the future when the clock is slow", () => {
    expect(relative(at(12_000), NOW)).toBe("just now");
    expect(relative(at(12_000), NOW, true)).toBe("in a moment");
  });

  it("returns text that is not a time unchanged", () => {
    expect(relative("soon", NOW)).toBe("soon");
    expect(exact("soon")).toBe("soon");
  });
});
