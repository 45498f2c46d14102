// The tree of a guide after the build has parsed its Markdown. React renders it, so that the page needs neither a Markdown parser
// nor raw HTML.

export interface Section {
  /** The id in the URL and in links, derived from the title as on GitHub. */
  id: string;
  title: string;
}

/** The metadata of a guide, available without loading its text. */
export interface Guide {
  /** The file name without its extension: `cache`. */
  name: string;
  title: string;
  sections: Section[];
}

export type Inline =
  | string
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis"; content: Inline[] }
  | { kind: "link"; to: LinkTarget; content: Inline[] };

/** The target of a link. Files that are not part of the dashboard have no target, and links to them become plain text. */
export type LinkTarget =
  | { kind: "guide"; guide: string; section: string | null }
  /** A page of the dashboard. */
  | { kind: "page"; path: string }
  /** A path below the server's URL. */
  | { kind: "server"; path: string }
  | { kind: "web"; url: string };

export type Block =
  | { kind: "heading"; level: number; id: string; content: Inline[] }
  | { kind: "paragraph"; content: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: Block[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

/** The plain text without formatting. */
export function plain(content: Inline[]): string {
  return content
    .map((piece) => (typeof piece === "string" ? piece : piece.kind === "code" ? piece.text : plain(piece.content)))
    .join("");
}
