// Why somebody stands before the login page: the address says what the page itself cannot know.
import type { Farewell } from "../../api/session-gate";

/** The login page for somebody who was, or wanted to be, at `wanted`. After logging out here, the next person starts at Home. */
export function loginPath(wanted: string, farewell: Farewell | null): string {
  const query = new URLSearchParams();
  if (farewell !== null) {
    query.set("reason", "signed-out");
  }
  if (farewell !== "here" && wanted !== "/") {
    query.set("return", wanted);
  }
  const text = query.toString();
  return text === "" ? "/login" : `/login?${text}`;
}

/** One line about it; null for somebody who simply came to log in. */
export function reasonFor(query: URLSearchParams, hadSession: boolean): string | null {
  if (query.get("reason") === "signed-out") {
    return "You have logged out.";
  }
  if (hadSession) {
    return "Your session has ended. Log in to continue.";
  }
  return query.has("return") ? "Log in to see this page." : null;
}
