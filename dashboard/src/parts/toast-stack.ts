// The list of toasts on screen, without React: what is added, what makes room, how long each one stays.

/** A short message about something that happened. */
export interface Toast {
  /** What happened, as a sentence: `Dev is now operator.` */
  title: string;
  detail?: string;
  tone?: "plain" | "ok" | "warn" | "fail";
  /** Takes it back. A rejected promise is shown as a failure. */
  undo?: () => Promise<unknown> | void;
}

export interface ShownToast extends Toast {
  id: number;
}

/** More than these would cover the page; the oldest one makes room. */
const MOST = 3;

/** How long a toast stays, in milliseconds, not counting the time that it is hovered or focused. */
export function stay({ undo }: Toast): number {
  return undo === undefined ? 6_000 : 15_000;
}

export function withToast(shown: readonly ShownToast[], added: ShownToast): ShownToast[] {
  return [...shown, added].slice(-MOST);
}

export function withoutToast(shown: readonly ShownToast[], id: number): ShownToast[] {
  return shown.filter((toast) => toast.id !== id);
}

/** What a screen reader says when the toast appears. */
export function spoken({ title, detail, undo }: Toast): string {
  return [title, detail, undo === undefined ? undefined : "Press F8 to undo."].filter((part) => part !== undefined).join(" ");
}
