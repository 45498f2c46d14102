// The shape of a guide after the build has parsed its Markdown: a small tree that React draws, so that the page needs neither a
// Markdown parser nor HTML text.

export interface Section {
  /** As in the address and in links, made from the title the way GitHub does it. */
  id: string;
  title: string;
}

/** What is known of a guide without loading it. */
export interface Guide {
  /** The file's name without its ending: `cache`. */
  name: string;
  title: string;
  sections: Section[];
}

export type Inline =
  | string
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis"; content: Inline[] }
  | { kind: "link"; to: LinkTarget; content: Inline[] };

/** Where a link leads. A file that is not part of the dashboard has no target; its link is plain text. */
export type LinkTarget =
  | { kind: "guide"; guide: string; section: string | null }
  /** A page of the dashboard. */
  | { kind: "page"; path: string }
  /** A path below the server's address. */
  | { kind: "server"; path: string }
  | { kind: "web"; url: string };

export type Block =
  | { kind: "heading"; level: number; id: string; content: Inline[] }
  | { kind: "paragraph"; content: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: Block[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

/** The words of a piece of text, without its marks. */
export function plain(content: Inline[]): string {
  return content
    .map((piece) => (typeof piece === "string" ? piece : piece.kind === "code" ? piece.text : plain(piece.content)))
    .join("");
}
