// Holds requests back after the session has ended. A dialog asks the user to log in again, and then every waiting request is sent
// again, so that the page keeps its content and what the user typed.

/** Where the user logged out: in this tab or in another one. */
export type Farewell = "here" | "elsewhere";

export class SessionGate {
  #account: string | null = null;
  #lastAccount: string | null = null;
  #farewell: Farewell | null = null;
  #waiting: ((reopened: boolean) => void)[] = [];
  #listeners = new Set<() => void>();

  /** The id of the logged-in account; null if no user is logged in. */
  get account(): string | null {
    return this.#account;
  }

  /** The id of the account that was logged in last. */
  get lastAccount(): string | null {
    return this.#lastAccount;
  }

  /** Where the user ended the last session; null if the user did not log out. */
  get farewell(): Farewell | null {
    return this.#farewell;
  }

  /** Whether requests are waiting for the user to log in again. */
  get isEnded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Records a login and releases the waiting requests. */
  enter(account: string): void {
    this.#account = account;
    this.#lastAccount = account;
    this.#farewell = null;
    this.#release(true);
  }

  /** Records the end of the session. The waiting requests fail. */
  leave(farewell: Farewell | null): void {
    this.#account = null;
    this.#farewell = farewell;
    this.#release(false);
  }

  /** Waits after the server refused a request without a session. Resolves to true once it can be sent again, or false if it must fail. */
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
