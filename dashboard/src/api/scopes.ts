// The scopes of the current user. The page hides actions that the server would refuse.
import type { Me } from "./types";

/** Whether the user has `scope`, such as `cache:write`. `write` implies `read`, and `*` implies every scope. */
export function may(me: Pick<Me, "scopes">, scope: string): boolean {
  const [capability, verb] = scope.split(":");
  return me.scopes.some((held) => {
    if (held === "*" || held === scope || held === `${capability}:*`) {
      return true;
    }
    return verb === "read" && held === `${capability}:write`;
  });
}
