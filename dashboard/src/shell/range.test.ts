import { describe, expect, it } from "vitest";
import { parametersOf, rangeFrom } from "./range";

describe("the range in a URL", () => {
  it("is one of the named ranges, or the last 15 minutes", () => {
    expect(rangeFrom("range=24h")).toMatchObject({ kind: "last", name: "24h", span: 86_400_000 });
    expect(rangeFrom("")).toMatchObject({ name: "15m" });
    expect(rangeFrom("range=forever")).toMatchObject({ name: "15m" });
  });

  it("is fixed if both ends are given and in order", () => {
    expect(rangeFrom("from=1000000&to=2000000")).toEqual({ kind: "fixed", from: 1_000_000, to: 2_000_000, span: 1_000_000 });
    expect(rangeFrom("from=2000000&to=1000000")).toMatchObject({ kind: "last" });
    expect(rangeFrom("from=x&to=1000000")).toMatchObject({ kind: "last" });
    expect(rangeFrom("from=1000000")).toMatchObject({ kind: "last" });
  });

  it("can be written to a URL and read again, and is at least a minute", () => {
    const written = new URLSearchParams(parametersOf({ from: 1_000_000.4, to: 1_000_100 })).toString();
    expect(rangeFrom(written)).toMatchObject({ kind: "fixed", from: 1_000_000, to: 1_060_000 });
    expect(parametersOf("15m")).toEqual({ range: "", from: "", to: "" });
    expect(parametersOf("7d")).toEqual({ range: "7d", from: "", to: "" });
  });
});
