// The announcements of long-running work for screen readers. The text changes only at the start, at each quarter and at the end.

export type WorkState = "running" | "done" | "failed" | "cancelled";

export function announcement(label: string, state: WorkState, value: number | null): string {
  if (state !== "running") {
    return `${label}: ${state}.`;
  }
  if (value === null) {
    return `${label}: running.`;
  }
  const quarter = Math.min(4, Math.max(0, Math.floor(value * 4)));
  return `${label}: ${quarter * 25}%.`;
}
