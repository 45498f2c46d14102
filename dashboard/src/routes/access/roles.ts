// The roles with their descriptions, the role with the fewest permissions first.
import type { Role } from "../../api/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer" },
  { value: "operator", label: "operator" },
  { value: "admin", label: "admin" },
  { value: "owner", label: "owner" },
];

/** The sentences of docs/guide/access.md. */
export const ROLE_WORDS: Record<Role, string> = {
  viewer: "Reads everything except secrets and access.",
  operator: "Also makes changes that lose no original data or affect a single object, such as clearing the cache.",
  admin: "Also deletes data in bulk and manages access.",
  owner: "Has full access.",
};
