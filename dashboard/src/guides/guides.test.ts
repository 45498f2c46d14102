import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Block, Inline, LinkTarget } from "./document";
import { guideNamed, guides, loadGuide } from ".";

const SOURCES = join(import.meta.dirname, "..");
const SERVER_SOURCES = join(import.meta.dirname, "../../../app/server/src");

/** Whether the guide exists and, if given, the section in it. */
function exists(guide: string, section: string | null | undefined): boolean {
  const found = guideNamed(guide);
  return found !== undefined && (!section || found.sections.some(({ id }) => id === section));
}

function linksIn(pieces: Inline[]): LinkTarget[] {
  return pieces.flatMap((piece) => {
    if (typeof piece === "string" || piece.kind === "code") {
      return [];
    }
    return piece.kind === "link" ? [piece.to] : linksIn(piece.content);
  });
}

function links(blocks: Block[]): LinkTarget[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case "heading":
      case "paragraph":
        return linksIn(block.content);
      case "list":
        return block.items.flatMap(links);
      case "table":
        return [...block.head, ...block.rows.flat()].flatMap(linksIn);
      case "code":
        return [];
    }
  });
}

function filesBelow(folder: string, ending: string): { file: string; text: string }[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(ending));
  return files.map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
}

/** The guides that the server's problems refer to: strings such as `"cache#limits"` that begin with the name of a guide. */
function usedByServer(source: string): { guide: string; section: string | undefined }[] {
  const names = guides.map(({ name }) => name).join("|");
  const found = source.matchAll(new RegExp(`"(${names})#([a-z0-9-]+)"`, "g"));
  return [...found].map(([, guide, section]) => ({ guide: guide!, section }));
}

/** The guides that pages link to: `<GuideLink guide="cache" section="limits" />` and `guide="cache#limits"` of headings. */
function usedIn(source: string): { guide: string; section: string | undefined }[] {
  const found = source.matchAll(/\bguide="([^"#]+)(?:#([^"]+))?"(?:\s+section="([^"]+)")?/g);
  return [...found].map(([, guide, fragment, section]) => ({ guide: guide!, section: fragment ?? section }));
}

describe("guides", () => {
  it("have a title and unique sections", () => {
    expect(guides.length).toBeGreaterThan(0);
    for (const { name, title, sections } of guides) {
      expect(title, name).not.toBe("");
      expect(new Set(sections.map(({ id }) => id)).size, name).toBe(sections.length);
    }
  });

  it("link only to guides and sections that exist", async () => {
    const broken: string[] = [];
    for (const { name } of guides) {
      for (const link of links(await loadGuide(name))) {
        if (link.kind === "guide" && !exists(link.guide, link.section)) {
          broken.push(`${name}.md: ${link.guide}.md#${link.section}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  it("that pages link to exist", () => {
    const uses = filesBelow(SOURCES, ".tsx").flatMap(({ file, text }) => usedIn(text).map((use) => ({ file, ...use })));

    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter(({ guide, section }) => !exists(guide, section))).toEqual([]);
  });

  it("that problems of the server refer to exist", () => {
    const uses = filesBelow(SERVER_SOURCES, ".rs").flatMap(({ file, text }) => usedByServer(text).map((use) => ({ file, ...use })));

    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter(({ guide, section }) => !exists(guide, section))).toEqual([]);
  });
});
