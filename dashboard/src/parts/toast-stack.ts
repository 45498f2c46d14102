// The list of visible toasts, independent of React.

/** A short message about something that happened. */
export interface Toast {
  /** What happened, as a sentence: `Dev is now operator.` */
  title: string;
  detail?: string;
  tone?: "plain" | "ok" | "warn" | "fail";
  /** Undoes the action. A rejected promise is shown as a failure. */
  undo?: () => Promise<unknown> | void;
}

export interface ShownToast extends Toast {
  id: number;
}

/** The maximum number of visible toasts. A new toast replaces the oldest. */
const MOST = 3;

/** How long a toast stays visible in milliseconds, not counting the time while it is hovered or focused. */
export function stay({ undo }: Toast): number {
  return undo === undefined ? 6_000 : 15_000;
}

export function withToast(shown: readonly ShownToast[], added: ShownToast): ShownToast[] {
  return [...shown, added].slice(-MOST);
}

export function withoutToast(shown: readonly ShownToast[], id: number): ShownToast[] {
  return shown.filter((toast) => toast.id !== id);
}

/** The announcement of a toast for screen readers. */
export function spoken({ title, detail, undo }: Toast): string {
  return [title, detail, undo === undefined ? undefined : "Press F8 to undo."].filter((part) => part !== undefined).join(" ");
}
