import { expect, test } from "vitest";
import type { QueueStats } from "../../api/types";
import { totalsOf } from "./totals";

const queue = (changes: Partial<QueueStats>): QueueStats => ({
  name: "default", paused: false, scheduled: 0, pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0, oldest_ready_ms: null, ...changes,
});

test("the totals add up all queues and keep the longest wait", () => {
  const totals = totalsOf([queue({ pending: 3, failed: 1, oldest_ready_ms: 40 }), queue({ pending: 2, failed: 4, oldest_ready_ms: 900 }), queue({})]);

  expect(totals).toEqual({ pending: 5, failed: 5, oldestReadyMs: 900 });
});

test("nothing waits in queues without ready jobs", () => {
  expect(totalsOf([queue({ scheduled: 3 })]).oldestReadyMs).toBeNull();
  expect(totalsOf([]).oldestReadyMs).toBeNull();
});
