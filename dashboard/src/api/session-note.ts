// Remembers whether a user was logged in with this browser and did not log out, so that the login page can show why it appears.

const KEY = "outrigger-session";

export function noteSession(signedIn: boolean): void {
  try {
    if (signedIn) {
      localStorage.setItem(KEY, "1");
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // Storage may be disabled; then the login page shows no reason.
  }
}

export function hadSession(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
