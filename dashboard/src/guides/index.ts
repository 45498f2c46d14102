// The list of guides with their sections, for links and search, and a function that loads the text of a guide.
import { guides, loaders } from "virtual:guides";
import type { Block, Guide, Section } from "./document";

export { guides };
export type { Guide, Section };

/** The guide with this name. */
export function guideNamed(name: string): Guide | undefined {
  return guides.find((guide) => guide.name === name);
}

/** The URL of a guide or, if given, of one of its sections. */
export function guidePath(name: string, section?: string | null): string {
  return section ? `/guides/${name}?section=${encodeURIComponent(section)}` : `/guides/${name}`;
}

/** Loads the text of a guide. */
export async function loadGuide(name: string): Promise<Block[]> {
  const load = loaders[name];
  if (load === undefined) {
    throw new Error(`there is no guide “${name}”`);
  }
  return (await load()).default;
}
