import { describe, expect, it } from "vitest";
import { bytes, count, counted, latency, percent, rate, significant } from "./numbers";

describe("numbers", () => {
  it("shows a dash for a missing value", () => {
    expect([count(null), rate(undefined), bytes(null), percent(null), latency(Number.NaN)]).toEqual(["–", "–", "–", "–", "–"]);
  });

  it("writes sizes in powers of 1024", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(1023)).toBe("1023 B");
    expect(bytes(1024)).toBe("1 KiB");
    expect(bytes(1_572_864)).toBe("1.5 MiB");
    expect(bytes(2 ** 40 * 2048)).toBe("2048 TiB");
  });

  it("never rounds a ratio to 100% or 0%", () => {
    expect(percent(1)).toBe("100%");
    expect(percent(0.99999)).toBe("> 99.9%");
    expect(percent(0.00001)).toBe("< 0.1%");
    expect(percent(0)).toBe("0%");
    expect(percent(0.9423)).toBe("94.2%");
  });

  it("keeps the significant digits", () => {
    expect([significant(0), significant(0.001), significant(0.424), significant(12.44), significant(1234.6)]).toEqual([
      "0", "< 0.01", "0.42", "12.4", "1,235",
    ]);
  });

  it("writes latencies in the unit that fits", () => {
    expect(latency(0.424)).toBe("0.42 ms");
    expect(latency(1500)).toBe("1.5 s");
  });

  it("uses singular and plural", () => {
    expect(counted(1, "entry", "entries")).toBe("1 entry");
    expect(counted(1204, "entry", "entries")).toBe("1,204 entries");
  });
});
