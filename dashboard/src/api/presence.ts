// Tells what a person asked for from what the page asks for by itself. Only the former keeps a session alive: a tab that is left
// open becomes idle and its session ends, as the configuration promises.

/** How long after a click, a key or a navigation requests count as caused by it, in milliseconds. */
const CONSEQUENCES_MS = 2000;

/** The header of a request that no person caused. */
export const BACKGROUND_HEADER = "Outrigger-Background";

export class Presence {
  // The page was opened just now.
  #lastUse: number;
  #lastReported = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#lastUse = now;
  }

  /** Somebody did something to the page. */
  used(now: number): void {
    this.#lastUse = now;
  }

  /**
   * Whether a request that is sent now is the page's own. It is a person's when it changes something, when it follows closely on
   * what a person did, or when it is the first since then, so that reading and scrolling keep a session alive, too.
   */
  isBackground(method: string, now: number): boolean {
    const isPersons = method !== "GET" || now - this.#lastUse < CONSEQUENCES_MS || this.#lastReported < this.#lastUse;
    if (isPersons) {
      this.#lastReported = now;
    }
    return !isPersons;
  }
}

/** Follows the person before this window. */
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
