// Distinguishes requests that the user caused from background requests of the page. Only the former keep a session alive: a tab that
// is left open becomes idle, and its session expires as configured.

/** How long after a click, a key press or a navigation requests count as caused by the user, in milliseconds. */
const CONSEQUENCES_MS = 2000;

/** The header of background requests. */
export const BACKGROUND_HEADER = "Outrigger-Background";

export class Presence {
  // Opening the page counts as an interaction.
  #lastUse: number;
  #lastReported = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#lastUse = now;
  }

  /** Records an interaction of the user with the page. */
  used(now: number): void {
    this.#lastUse = now;
  }

  /**
   * Returns whether a request sent now is a background request. The user caused a request if it changes data, if it is sent shortly
   * after an interaction, or if it is the first one since then, so that reading and scrolling also keep a session alive.
   */
  isBackground(method: string, now: number): boolean {
    const isUsers = method !== "GET" || now - this.#lastUse < CONSEQUENCES_MS || this.#lastReported < this.#lastUse;
    if (isUsers) {
      this.#lastReported = now;
    }
    return !isUsers;
  }
}

/** Records the interactions of the user with this window. */
export function watchPresence(): Presence {
  const presence = new Presence(Date.now());
  const used = () => presence.used(Date.now());
  for (const event of ["pointerdown", "keydown", "wheel", "touchmove", "popstate"]) {
    window.addEventListener(event, used, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      used();
    }
  });
  return presence;
}
