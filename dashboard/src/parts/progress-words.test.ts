import { expect, test } from "vitest";
import { announcement } from "./progress-words";

test("long work is announced at every quarter and not in between", () => {
  const heard = Array.from({ length: 101 }, (_, step) => announcement("Export", "running", step / 100));

  expect([...new Set(heard)]).toEqual(["Export: 0%.", "Export: 25%.", "Export: 50%.", "Export: 75%.", "Export: 100%."]);
});

test("its end is announced in a word", () => {
  expect(announcement("Export", "failed", 0.4)).toBe("Export: failed.");
  expect(announcement("Export", "running", null)).toBe("Export: running.");
});
