import { expect, test } from "vitest";
import { announcement } from "./progress-words";

test("progress is announced at every quarter and not in between", () => {
  const heard = Array.from({ length: 101 }, (_, step) => announcement("Export", "running", step / 100));

  expect([...new Set(heard)]).toEqual(["Export: 0%.", "Export: 25%.", "Export: 50%.", "Export: 75%.", "Export: 100%."]);
});

test("the end of the work is announced in one word", () => {
  expect(announcement("Export", "failed", 0.4)).toBe("Export: failed.");
  expect(announcement("Export", "running", null)).toBe("Export: running.");
});
