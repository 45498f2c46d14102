// What holds on every page: accessible, narrow, quiet, under the keyboard, in both themes.
import type { Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll, watch } from "./audit";
import { expect, test } from "./server";

const PAGES = [
  "/",
  "/cache",
  "/access",
  "/access?tab=sessions",
  "/access?tab=tokens",
  "/access?tab=ingest-keys",
  "/access?tab=audit",
  "/configuration",
  "/guides",
  "/guides/cache",
  "/account",
  "/nowhere",
];

async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("main").locator("h1")).toBeAttached();
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page is accessible in the ${colorScheme} theme`, async ({ page, server }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const path of PAGES) {
      await page.goto(`${server.dashboard}${path}`);
      await settled(page);
      await expectAccessible(page, path);
    }
  });

  test(`dialogs and the pages before the login are accessible in the ${colorScheme} theme`, async ({ page, server, browser }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`${server.dashboard}/`);
    await page.getByRole("button", { name: "Check now" }).click();
    await expect(page.getByRole("region", { name: "Health" }).getByRole("listitem").first()).toBeVisible();
    await page.getByRole("button", { name: "Table of Latency" }).click();
    await expectAccessible(page, "Home with its health and a table");
    await page.goto(`${server.dashboard}/access?tab=tokens`);
    await settled(page);
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
    await expectAccessible(page, "the help dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Make a token" }).click();
    await expect(page.getByRole("dialog", { name: "Make a token" })).toBeVisible();
    await expectAccessible(page, "the token dialog");

    const stranger = await browser.newContext({ storageState: { cookies: [], origins: [] }, colorScheme, reducedMotion: "reduce" });
    const outside = await stranger.newPage();
    for (const path of ["/login", "/login/link#code", "/login/link"]) {
      await outside.goto(`${server.dashboard}${path}`);
      await settled(outside);
      await expectAccessible(outside, path);
    }
    await stranger.close();
  });
}

test("no page scrolls sideways at 360 pixels, and the menu opens there", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of PAGES) {
    await page.goto(`${server.dashboard}${path}`);
    await settled(page);
    await expectNoSidewaysScroll(page, path);
  }
  await page.goto(`${server.dashboard}/`);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByRole("region", { name: "Health" }).getByRole("listitem").first()).toBeVisible();
  await expectNoSidewaysScroll(page, "Home with its health");
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Cache" }).click();
  await expect(page).toHaveURL(`${server.dashboard}/cache`);
  await expect(page.getByRole("link", { name: "Configuration" })).toBeHidden();
});

test("no page breaks its policy, throws, or asks another host", async ({ page, server }) => {
  const { complaints } = watch(page, server.url);
  for (const path of PAGES) {
    const answer = await page.goto(`${server.dashboard}${path}`);
    expect(answer?.headers()["content-security-policy"], path).toMatch(/script-src [^;]*'nonce-/);
    await settled(page);
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  expect(complaints).toEqual([]);
});

test("the keyboard leads everywhere", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  for (const [letter, heading] of [["c", "Cache"], ["a", "Access"], ["s", "Configuration"], ["h", "Home"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeAttached();
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("the first stop of the Tab key skips to the content", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/cache`);
  await settled(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});

test("a chosen theme holds after a reload, from the first paint on", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("a page whose files are gone says so, keeps the way to the others, and can be loaded again", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await page.route("**/assets/cache-page*.js", (route) => route.abort());

  await page.getByRole("link", { name: "Cache" }).click();

  await expect(page.getByRole("heading", { name: "This page cannot be shown" })).toBeVisible();
  await page.getByRole("link", { name: "Configuration" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();
  await page.getByRole("link", { name: "Cache" }).click();
  await page.unroute("**/assets/cache-page*.js");
  await page.getByRole("button", { name: "Load again" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Cache" })).toBeVisible();
});

test("a server that stops answering is said, and so is its return", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await page.route("**/api/v1/**", (route) => route.abort("connectionrefused"));
  await expect(page.getByText(/^Outrigger does not answer\./)).toBeVisible({ timeout: 30_000 });
  await page.unroute("**/api/v1/**");
  await expect(page.getByText(/^Outrigger does not answer\./)).toBeHidden({ timeout: 30_000 });
});
