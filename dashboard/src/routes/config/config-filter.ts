// Filters the configuration keys and groups them by section.
import type { ConfigKey } from "../../api/types";
import { sectionOf, shown } from "../../format/toml";

export const SHOWN = ["all", "changed"] as const;
export type Shown = (typeof SHOWN)[number];

/** The keys that contain every word of the search. */
export function matching(keys: ConfigKey[], search: string, show: Shown): ConfigKey[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return keys.filter((key) => {
    if (show === "changed" && key.source === "default") {
      return false;
    }
    const text = [key.key, shown(key.value), key.documentation, key.variable, ...key.aliases].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The keys by section, in their original order. */
export function inSections(keys: ConfigKey[]): [string, ConfigKey[]][] {
  const sections = new Map<string, ConfigKey[]>();
  for (const key of keys) {
    const section = sectionOf(key.key);
    sections.set(section, [...(sections.get(section) ?? []), key]);
  }
  return [...sections];
}
