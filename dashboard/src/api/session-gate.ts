// What happens to requests when the session has ended: they wait. A dialog asks to sign in again, and then each is sent anew, so
// that the page keeps what it shows and what somebody typed.

/** Where a person logged out: in this tab or in another one. */
export type Farewell = "here" | "elsewhere";

export class SessionGate {
  #account: string | null = null;
  #lastAccount: string | null = null;
  #farewell: Farewell | null = null;
  #waiting: ((reopened: boolean) => void)[] = [];
  #listeners = new Set<() => void>();

  /** The id of the account that the page shows itself to; null when nobody is signed in here. */
  get account(): string | null {
    return this.#account;
  }

  /** The account that was here last. */
  get lastAccount(): string | null {
    return this.#lastAccount;
  }

  /** How the last session was ended by the person; null when nobody did that. */
  get farewell(): Farewell | null {
    return this.#farewell;
  }

  /** Whether requests wait for somebody to sign in again. */
  get isEnded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Somebody is signed in, again or for the first time: what waits goes on. */
  enter(account: string): void {
    this.#account = account;
    this.#lastAccount = account;
    this.#farewell = null;
    this.#release(true);
  }

  /** Nobody is signed in here any more: what waits fails. */
  leave(farewell: Farewell | null): void {
    this.#account = null;
    this.#farewell = farewell;
    this.#release(false);
  }

  /** The server refused a request because there is no session. True once it can be sent again; false when it should fail. */
  refused(): Promise<boolean> {
    if (this.#account === null) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#notify();
    });
  }

  /** For `useSyncExternalStore`. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #release(reopened: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach((resolve) => resolve(reopened));
    this.#notify();
  }

  #notify(): void {
    this.#listeners.forEach((listener) => listener());
  }
}
