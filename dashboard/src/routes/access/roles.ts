// The roles, from the one that may least, with what each may do.
import type { Role } from "../../api/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer" },
  { value: "operator", label: "operator" },
  { value: "admin", label: "admin" },
  { value: "owner", label: "owner" },
];

export const ROLE_WORDS: Record<Role, string> = {
  viewer: "Reads everything but secrets and access.",
  operator: "Also acts where it is safe or can be undone.",
  admin: "Also destroys, and decides who has access.",
  owner: "May do everything.",
};
