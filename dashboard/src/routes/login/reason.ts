// Why the login page appears. The reason is in the URL.
import type { Farewell } from "../../api/session-gate";

/** The URL of the login page with `wanted` as the page to return to. After logging out in this tab, the next user starts at Home. */
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

/** The reason in one line; null if the user opened the login page directly. */
export function reasonFor(query: URLSearchParams, hadSession: boolean): string | null {
  if (query.get("reason") === "signed-out") {
    return "You have logged out.";
  }
  if (hadSession) {
    return "Your session has ended. Log in to continue.";
  }
  return query.has("return") ? "Log in to see this page." : null;
}
