import { expect, test } from "vitest";
import { pageOf } from "./page-of";

test.each([
  ["/", "/"],
  ["/access", "/access"],
  ["/guides/access", "/guides/access"],
  ["/access/accounts/42", "/access"],
  ["/developers/parts/boats/3", "/developers/parts"],
])("the page of %s is %s", (path, page) => {
  expect(pageOf(path)).toBe(page);
});
