// Adds the guides in `docs/guide` to the build. `virtual:guides` exports the list of guides with their sections, and a loader for each.
// `virtual:guides/NAME` exports the text of one guide as a separate chunk.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { plain, type Block, type Guide } from "../src/guides/document.ts";
import { parseGuide } from "./markdown.ts";

const LIST = "virtual:guides";
const ONE = "virtual:guides/";
/** Rollup's prefix for modules that are not files. */
const VIRTUAL = "\0";

/** `folder` is the path of the folder with the guides. */
export function guides(folder: string): Plugin {
  const path = (name: string) => join(folder, `${name}.md`);
  const parsed = (name: string) => parseGuide(name, readFileSync(path(name), "utf8"));
  const names = () =>
    readdirSync(folder)
      .filter((file) => file.endsWith(".md"))
      .map((file) => file.slice(0, -3))
      .sort();

  return {
    name: "outrigger-guides",
    resolveId: (id) => (id === LIST || id.startsWith(ONE) ? VIRTUAL + id : undefined),
    load(id) {
      if (id === VIRTUAL + LIST) {
        names().forEach((name) => this.addWatchFile(path(name)));
        const list = names().map((name) => summary(name, parsed(name)));
        const loaders = names().map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(ONE + name)})`);
        return `export const guides = ${JSON.stringify(list)};\nexport const loaders = { ${loaders.join(", ")} };`;
      }
      if (id.startsWith(VIRTUAL + ONE)) {
        const name = id.slice((VIRTUAL + ONE).length);
        this.addWatchFile(path(name));
        return `export default ${JSON.stringify(parsed(name))};`;
      }
      return undefined;
    },
  };
}

function summary(name: string, blocks: Block[]): Guide {
  const headings = blocks.filter((block) => block.kind === "heading");
  const [first, ...rest] = headings;
  if (first?.level !== 1) {
    throw new Error(`docs/guide/${name}.md does not begin with a title`);
  }
  return { name, title: plain(first.content), sections: rest.map(({ id, content }) => ({ id, title: plain(content) })) };
}
