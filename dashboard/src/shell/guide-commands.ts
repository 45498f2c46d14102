// The guides and their sections in the command palette.
import { guidePath, guides } from "../guides";
import type { Command, CommandSource } from "./commands";

export const guideCommands: CommandSource = async () => [
  { id: "guides", title: "Guides", group: "Pages", keywords: "documentation help manual", to: "/guides" },
  ...guides.flatMap(({ name, title, sections }): Command[] => [
    { id: `guide-${name}`, title, group: "Guides", to: guidePath(name) },
    ...sections.map((section) => ({ id: `guide-${name}-${section.id}`, title: section.title, group: "Guides", hint: title, to: guidePath(name, section.id) })),
  ]),
];
