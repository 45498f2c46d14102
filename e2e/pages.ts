// The pages of the dashboard. Generic tests run on each of them, and `cargo x dashboard --shots` takes a screenshot of each. Add new
// pages here.
import { expect, type Page } from "@playwright/test";

export const PAGES = [
  "/",
  "/problems",
  "/problems?state=resolved",
  "/cache",
  "/jobs",
  "/jobs?state=failed",
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

/** The pages that need no login. */
export const PAGES_OUTSIDE = ["/login", "/login/link#code", "/login/link"];

/** Waits until the page has rendered and nothing is loading. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("main").locator("h1")).toBeAttached();
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
}
