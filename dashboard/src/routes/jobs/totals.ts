// Sums over all queues.
import type { QueueStats } from "../../api/types";

export interface Totals {
  pending: number;
  failed: number;
  /** How long the job that waits the longest has been ready, in milliseconds; null if none waits. */
  oldestReadyMs: number | null;
}

export function totalsOf(queues: readonly QueueStats[]): Totals {
  const totals: Totals = { pending: 0, failed: 0, oldestReadyMs: null };
  for (const { pending, failed, oldest_ready_ms } of queues) {
    totals.pending += pending;
    totals.failed += failed;
    if (oldest_ready_ms != null) {
      totals.oldestReadyMs = Math.max(totals.oldestReadyMs ?? 0, oldest_ready_ms);
    }
  }
  return totals;
}
