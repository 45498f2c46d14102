import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROLES, ROLE_WORDS } from "./roles";

test("the guide describes each role in the same words", () => {
  const guide = readFileSync(new URL("../../../../docs/guide/access.md", import.meta.url), "utf8");

  for (const { value } of ROLES) {
    expect(guide).toContain(`| ${value} | ${ROLE_WORDS[value]}`);
  }
});
