// Converts the Markdown of a guide into the tree that the page renders. Unsupported Markdown fails the build, so that no part of a
// guide is lost silently.
import GithubSlugger from "github-slugger";
import { marked, type Token, type Tokens } from "marked";
import { plain, type Block, type Inline, type LinkTarget } from "../src/guides/document.ts";

/** Parses the guide `name` into blocks. */
export function parseGuide(name: string, markdown: string): Block[] {
  const slugs = new GithubSlugger();

  function blocks(tokens: Token[]): Block[] {
    return tokens.flatMap((token) => block(token) ?? []);
  }

  function block(token: Token): Block | null {
    switch (token.type) {
      case "space":
        return null;
      case "heading": {
        const content = inlines(token.tokens);
        return { kind: "heading", level: token["depth"], id: slugs.slug(plain(content)), content };
      }
      case "paragraph":
      // List items without blank lines between them.
      case "text":
        return { kind: "paragraph", content: inlines(token.tokens) };
      case "code":
        return { kind: "code", text: token["text"] };
      case "list": {
        const { ordered, items } = token as Tokens.List;
        return { kind: "list", ordered, items: items.map((item) => blocks(item.tokens)) };
      }
      case "table": {
        const { header, rows } = token as Tokens.Table;
        return {
          kind: "table",
          head: header.map((cell) => inlines(cell.tokens)),
          rows: rows.map((row) => row.map((cell) => inlines(cell.tokens))),
        };
      }
      default:
        throw new Error(`docs/guide/${name}.md: the dashboard cannot show “${token.type}”: ${token.raw}`);
    }
  }

  function inlines(tokens: Token[] | undefined): Inline[] {
    return (tokens ?? []).flatMap(inline);
  }

  function inline(token: Token): Inline[] {
    switch (token.type) {
      case "text":
      case "escape":
        return [token["text"]];
      case "codespan":
        return [{ kind: "code", text: token["text"] }];
      case "strong":
        return [{ kind: "strong", content: inlines(token.tokens) }];
      case "em":
        return [{ kind: "emphasis", content: inlines(token.tokens) }];
      case "link": {
        const to = target(name, token["href"]);
        const content = inlines(token.tokens);
        return to === null ? content : [{ kind: "link", to, content }];
      }
      default:
        throw new Error(`docs/guide/${name}.md: the dashboard cannot show “${token.type}”: ${token.raw}`);
    }
  }

  return blocks(marked.lexer(markdown));
}

/** The target of a link in the guide `name`; null if the link refers to a file that is not part of the dashboard. */
function target(name: string, href: string): LinkTarget | null {
  if (/^https?:/.test(href)) {
    return { kind: "web", url: href };
  }
  const [file = "", section = ""] = href.split("#");
  const guide = file === "" ? name : /^([\w-]+)\.md$/.exec(file)?.[1];
  if (guide !== undefined) {
    return { kind: "guide", guide, section: section === "" ? null : section };
  }
  switch (file) {
    case "../reference/configuration.md":
      return { kind: "page", path: "/configuration" };
    case "../reference/openapi.json":
      return { kind: "server", path: "/api/openapi.json" };
    default:
      return null;
  }
}
