// The guides in the dashboard: links from pages, accessibility, and the section in the URL.
import { readFileSync } from "node:fs";
import { expectAccessible, expectNoSidewaysScroll, watch } from "./audit";
import { expect, test } from "./server";

test("the question mark beside a heading opens the guide, which links to its sections", async ({ page, server }) => {
  const { complaints } = watch(page, server.url);
  await page.goto(`${server.dashboard}/access`);

  await page.getByRole("link", { name: "Guide: Access" }).click();

  await expect(page).toHaveURL(`${server.dashboard}/guides/access`);
  await expect(page.getByRole("heading", { level: 1, name: "Access" })).toBeVisible();
  await page.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "Tokens" }).click();
  await expect(page).toHaveURL(`${server.dashboard}/guides/access?section=tokens`);
  await expect(page.getByRole("heading", { name: "Tokens" })).toBeFocused();
  await expect(page.getByRole("heading", { name: "Tokens" })).toBeInViewport();
  expect(complaints).toEqual([]);
});

test("the URL of a section opens the guide at that section", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/guides/cache?section=limits`);

  await expect(page.getByRole("heading", { name: "Limits" })).toBeFocused();
  await expect(page.getByRole("heading", { name: "Limits" })).toBeInViewport();
  await expect(page.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "Limits" })).toHaveAttribute("aria-current", "location");
});

test("links between guides stay inside the dashboard", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/guides/troubleshooting`);

  await page.getByRole("article").locator('a[href*="guides/production?section=behind-a-proxy"]').first().click();

  await expect(page).toHaveURL(`${server.dashboard}/guides/production?section=behind-a-proxy`);
  await expect(page.getByRole("heading", { name: "Behind a proxy" })).toBeFocused();
});

test("code in a guide can be copied", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${server.dashboard}/guides/configuration`);

  await page.getByRole("button", { name: "Copy these lines" }).first().click();

  await expect(page.getByRole("button", { name: /^Copied/ })).toBeVisible();
  const guide = readFileSync(new URL("../docs/guide/configuration.md", import.meta.url), "utf8");
  const lines = await page.evaluate(() => navigator.clipboard.readText());
  expect(lines).not.toBe("");
  expect(guide).toContain(lines);
});

test("every guide is listed, is accessible and fits a phone", async ({ page, server }) => {
  test.setTimeout(120_000);
  await page.goto(`${server.dashboard}/guides`);
  await expect(page.getByRole("main").getByRole("heading", { level: 2 }).first()).toBeVisible();
  const titles = await page.getByRole("main").getByRole("heading", { level: 2 }).allTextContents();
  expect(titles.length).toBeGreaterThan(3);
  for (const title of titles) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${server.dashboard}/guides`);
    await page.getByRole("main").getByRole("link", { name: title, exact: true }).click();
    await expect(page.getByRole("article")).toBeVisible();
    await expectAccessible(page, title);
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page, title);
    await expectAccessible(page, `${title} on a phone`);
  }
});

test("the URL of an unknown guide shows “Page not found”", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/guides/nothing`);
  await expect(page.getByRole("heading", { level: 1, name: "Page not found" })).toBeVisible();
});
