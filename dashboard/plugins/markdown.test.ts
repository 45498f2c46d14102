import { describe, expect, it } from "vitest";
import { parseGuide } from "./markdown.ts";

describe("the Markdown of guides", () => {
  it("produces headings with the same ids as GitHub", () => {
    const ids = parseGuide("cache", "# The `SET` command\n\n## Limits\n\n## Limits\n").map((block) => block.kind === "heading" && block.id);
    expect(ids).toEqual(["the-set-command", "limits", "limits-1"]);
  });

  it("keeps links to targets in the dashboard and turns other links into plain text", () => {
    const text = "[a](#limits) [b](access.md#roles) [c](../reference/configuration.md) [d](../reference/openapi.json) [e](https://example.com) [f](../../deploy/x.service)";
    expect(parseGuide("cache", text)).toEqual([
      {
        kind: "paragraph",
        content: [
          { kind: "link", to: { kind: "guide", guide: "cache", section: "limits" }, content: ["a"] }, " ",
          { kind: "link", to: { kind: "guide", guide: "access", section: "roles" }, content: ["b"] }, " ",
          { kind: "link", to: { kind: "page", path: "/configuration" }, content: ["c"] }, " ",
          { kind: "link", to: { kind: "server", path: "/api/openapi.json" }, content: ["d"] }, " ",
          { kind: "link", to: { kind: "web", url: "https://example.com" }, content: ["e"] }, " ",
          "f",
        ],
      },
    ]);
  });

  it("keeps code unchanged, also in tables and list items", () => {
    expect(parseGuide("cache", "| a |\n|---|\n| `` `x` `` |\n\n- one\n\n  ```sh\n  run <it>\n  ```\n")).toEqual([
      { kind: "table", head: [["a"]], rows: [[[{ kind: "code", text: "`x`" }]]] },
      { kind: "list", ordered: false, items: [[{ kind: "paragraph", content: ["one"] }, { kind: "code", text: "run <it>" }]] },
    ]);
  });

  it("fails on Markdown that the page cannot show", () => {
    expect(() => parseGuide("cache", "<details>x</details>\n")).toThrow(/docs\/guide\/cache\.md.*html/);
    expect(() => parseGuide("cache", "text with ![a picture](x.png)\n")).toThrow(/image/);
  });
});
