// What the person who is signed in may do, so that the page hides what the server would refuse anyway.
import type { Me } from "./types";

/** Whether `scope` (such as `cache:write`) is covered: `write` implies `read`, `*` covers everything. */
export function may(me: Pick<Me, "scopes">, scope: string): boolean {
  const [capability, verb] = scope.split(":");
  return me.scopes.some((held) => {
    if (held === "*" || held === scope || held === `${capability}:*`) {
      return true;
    }
    return verb === "read" && held === `${capability}:write`;
  });
}
