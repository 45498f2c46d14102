// The roles with their descriptions, the role with the fewest permissions first.
import type { Role } from "../../api/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer" },
  { value: "operator", label: "operator" },
  { value: "admin", label: "admin" },
  { value: "owner", label: "owner" },
];

export const ROLE_WORDS: Record<Role, string> = {
  viewer: "Can read everything except secrets and access.",
  operator: "Can also make changes that lose no original data, such as clearing the cache.",
  admin: "Can also delete data in bulk and manage access.",
  owner: "Full access.",
};
