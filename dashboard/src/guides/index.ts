// The guides: their names and sections for links and search, and the way to load their texts.
import { guides, loaders } from "virtual:guides";
import type { Block, Guide, Section } from "./document";

export { guides };
export type { Guide, Section };

/** The guide of this name. */
export function guideNamed(name: string): Guide | undefined {
  return guides.find((guide) => guide.name === name);
}

/** The page that shows a guide, at one of its sections when that is given. */
export function guidePath(name: string, section?: string | null): string {
  return section ? `/guides/${name}?section=${encodeURIComponent(section)}` : `/guides/${name}`;
}

/** The text of a guide. */
export async function loadGuide(name: string): Promise<Block[]> {
  const load = loaders[name];
  if (load === undefined) {
    throw new Error(`there is no guide “${name}”`);
  }
  return (await load()).default;
}
