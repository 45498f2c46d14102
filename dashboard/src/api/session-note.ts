// Whether somebody was signed in with this browser and did not log out: it tells the login page why it is shown.

const KEY = "outrigger-session";

export function noteSession(signedIn: boolean): void {
  try {
    if (signedIn) {
      localStorage.setItem(KEY, "1");
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // Storage may be switched off; then the login page says less.
  }
}

export function hadSession(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
