// The roles, from the one with the fewest permissions, with what each may do.
import type { Role } from "../../api/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer" },
  { value: "operator", label: "operator" },
  { value: "admin", label: "admin" },
  { value: "owner", label: "owner" },
];

export const ROLE_WORDS: Record<Role, string> = {
  viewer: "Reads everything except secrets and access.",
  operator: "Also makes changes that lose nothing only Outrigger stores, such as clearing the cache.",
  admin: "Also deletes data in bulk, and manages access.",
  owner: "Full access.",
};
