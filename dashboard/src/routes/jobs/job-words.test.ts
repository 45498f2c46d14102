import { describe, expect, it } from "vitest";
import type { JobState } from "../../api/types";
import { actionFor, between, firstLine, jsonText, logText, outcomeOf, priorityText, seconds, shortened, span, STATES } from "./job-words";

describe("the action of a job", () => {
  const actionOf = (state: JobState, is_cancelling = false) => actionFor({ state, is_cancelling });

  it("is retry after a failure or a cancellation, cancel before the end, and none after success", () => {
    expect(STATES.map((state) => [state, actionOf(state)])).toEqual([
      ["scheduled", "cancel"],
      ["pending", "cancel"],
      ["processing", "cancel"],
      ["completed", null],
      ["failed", "retry"],
      ["cancelled", "retry"],
    ]);
  });

  it("is none while a worker is being told to stop", () => {
    expect(actionOf("processing", true)).toBeNull();
  });
});

describe("the words of a job", () => {
  it("name the usual priorities", () => {
    expect([10, 50, 90, 7].map(priorityText)).toEqual(["10 (high)", "50 (normal)", "90 (low)", "7"]);
  });

  it("write short spans in milliseconds and long ones in two units", () => {
    expect([0, 420, 1_840, 36_000, 1_310_000].map(span)).toEqual(["0 ms", "420 ms", "1.84 s", "36 s", "21 min 50 s"]);
    expect(span(null)).toBe("–");
    expect(seconds(1.5)).toBe("1.5 s");
    expect(seconds(null)).toBe("–");
  });

  it("measure from the start to the end, and nothing while there is no end", () => {
    expect(between("2026-11-21T12:00:00Z", "2026-11-21T12:00:36Z")).toBe(36_000);
    expect(between("2026-11-21T12:00:00Z", null)).toBeNull();
    expect(between("2026-11-21T12:00:01Z", "2026-11-21T12:00:00Z"), "a clock that was set back").toBe(0);
  });

  it("show the first line of an error, also if it begins with a line break", () => {
    expect(firstLine("\nValueError: 7\n  at line 3")).toBe("ValueError: 7");
  });

  it("cut long texts and payloads, and say so", () => {
    expect(shortened("abcdef", 3)).toBe("abc…");
    expect(shortened("abc", 3)).toBe("abc");
    expect(jsonText({ to: "ana" })).toEqual({ text: '{\n  "to": "ana"\n}', isCut: false });
    expect(jsonText("x".repeat(100), 10)).toEqual({ text: `"${"x".repeat(9)}…`, isCut: true });
  });

  it("explain the outcome of an attempt, also one that the page does not know", () => {
    expect(outcomeOf({ outcome: "timed_out" })).toEqual({ word: "timed out", tone: "fail" });
    expect(outcomeOf({ outcome: "moved_away" })).toEqual({ word: "moved away", tone: "plain" });
  });

  it("write the log with times, and with the attempt if there are several", () => {
    const line = (attempt: number, text: string) => ({ at: "2026-11-21T12:00:00Z", attempt, text });
    const clock = () => "12:00:00";
    expect(logText([line(1, "one"), line(1, "two")], clock)).toBe("12:00:00  one\n12:00:00  two");
    expect(logText([line(1, "one"), line(2, "two")], clock)).toBe("12:00:00  #1  one\n12:00:00  #2  two");
    expect(logText([], clock)).toBe("");
  });
});
