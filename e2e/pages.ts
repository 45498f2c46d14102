// The dashboard's pages: what holds everywhere is tested on each of them, and `cargo x dashboard --shots` takes a picture of each. A
// new page needs one line here.
import { expect, type Page } from "@playwright/test";

export const PAGES = [
  "/",
  "/problems",
  "/problems?state=resolved",
  "/cache",
  "/server",
  "/access",
  "/access?tab=sessions",
  "/access?tab=tokens",
  "/access?tab=audit",
  "/configuration",
  "/configuration?key=cache.memory",
  "/guides",
  "/guides/cache",
  "/account",
  "/nowhere",
];

/** The pages that are shown before somebody is signed in. */
export const PAGES_OUTSIDE = ["/login", "/login/link#code", "/login/link"];

/** Waits until the page is there and nothing in it is loading. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("main").locator("h1")).toBeAttached();
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
}
