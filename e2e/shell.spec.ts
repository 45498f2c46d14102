// Generic tests of every page: accessibility, narrow windows, content security policy, keyboard, themes.
import { expectAccessible, expectNoSidewaysScroll, watch } from "./audit";
import { PAGES, PAGES_OUTSIDE, settled } from "./pages";
import { expect, test } from "./server";

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

  test(`dialogs and pages without login are accessible in the ${colorScheme} theme`, async ({ page, server, browser }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`${server.dashboard}/server`);
    await page.getByRole("button", { name: "Check now" }).click();
    await expect(page.getByRole("region", { name: "Health" }).getByRole("listitem").first()).toBeVisible();
    await page.getByRole("button", { name: "Table of CPU" }).click();
    await expectAccessible(page, "Server with its health and a table");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await expect(page.getByRole("dialog", { name: "Connect an application" })).toBeVisible();
    await expectAccessible(page, "the panel with the lines to connect with");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("option").first()).toBeVisible();
    await expectAccessible(page, "the command palette");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "time range" }).click();
    await expect(page.getByRole("menu")).toBeVisible();
    await expectAccessible(page, "the menu of time ranges");
    await page.goto(`${server.dashboard}/access?tab=tokens`);
    await settled(page);
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    await expectAccessible(page, "the help dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Create token…" }).first().click();
    await expect(page.getByRole("dialog", { name: "Create token" })).toBeVisible();
    await expectAccessible(page, "the token dialog");

    const stranger = await browser.newContext({ storageState: { cookies: [], origins: [] }, colorScheme, reducedMotion: "reduce" });
    const outside = await stranger.newPage();
    for (const path of PAGES_OUTSIDE) {
      await outside.goto(`${server.dashboard}${path}`);
      await settled(outside);
      await expectAccessible(outside, path);
    }
    await stranger.close();
  });
}

test("no page scrolls sideways at 360 pixels, and the menu opens", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of PAGES) {
    await page.goto(`${server.dashboard}${path}`);
    await settled(page);
    await expectNoSidewaysScroll(page, path);
  }
  await page.goto(`${server.dashboard}/server`);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByRole("region", { name: "Health" }).getByRole("listitem").first()).toBeVisible();
  await expectNoSidewaysScroll(page, "Server with its health");
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Cache" }).click();
  await expect(page).toHaveURL(`${server.dashboard}/cache`);
  await expect(page.getByRole("link", { name: "Configuration" })).toBeHidden();
});

test("at 200% zoom no page scrolls sideways, and the header keeps its buttons", async ({ browser, server, owner }) => {
  const context = await browser.newContext({ storageState: owner, viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  for (const path of PAGES) {
    await page.goto(`${server.dashboard}${path}`);
    await settled(page);
    await expectNoSidewaysScroll(page, path);
    await expect(page.getByRole("button", { name: "Search" })).toBeInViewport();
  }
  await page.goto(`${server.dashboard}/cache?from=1790000000000&to=1790000600000`);
  await settled(page);
  await expectNoSidewaysScroll(page, "a zoomed chart");
  for (const name of [/time range$/, /^Zoomed/, /^Search/]) {
    await expect(page.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
  }
  await context.close();
});

test("no page violates its policy, throws, or sends requests to other hosts", async ({ page, server }) => {
  const { complaints } = watch(page, server.url);
  for (const path of PAGES) {
    const answer = await page.goto(`${server.dashboard}${path}`);
    expect(answer?.headers()["content-security-policy"], path).toMatch(/script-src [^;]*'nonce-/);
    await settled(page);
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  expect(complaints).toEqual([]);
});

test("keyboard shortcuts open every page", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  for (const [letter, heading] of [["c", "Cache"], ["j", "Jobs"], ["a", "Access"], ["o", "Configuration"], ["s", "Server"], ["p", "Problems"], ["h", "Home"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeAttached();
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});

for (const path of ["/cache", "/access?tab=audit"]) {
  test(`the first Tab stop on ${path} skips to the content`, async ({ page, server }) => {
    await page.goto(`${server.dashboard}${path}`);
    await settled(page);
    await page.keyboard.press("Tab");
    await expect(page.getByRole("button", { name: "Skip to content" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
  });
}

test("a chosen theme applies after a reload, from the first paint", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await page.getByTitle("Account menu").click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("a page whose files are missing shows an error, keeps the navigation and can be reloaded", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await page.route("**/assets/cache-page*.js", (route) => route.abort());

  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Cache" }).click();

  await expect(page.getByRole("heading", { name: "This page cannot be shown" })).toBeVisible();
  await pages.getByRole("link", { name: "Configuration" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();
  await pages.getByRole("link", { name: "Cache" }).click();
  await page.unroute("**/assets/cache-page*.js");
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Cache" })).toBeVisible();
});

test("every page, the tab title and the icon show when the server stops responding and when it recovers", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  const state = page.getByRole("region", { name: "State" });
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "./mark.svg");

  await page.route("**/api/v1/**", (route) => route.abort("connectionrefused"));

  await expect(page.getByRole("alert").filter({ hasText: "No response" })).toBeVisible({ timeout: 30_000 });
  await expect(state.getByRole("status")).toHaveText(/^No response since \d\d:\d\d:\d\d\./);
  await expect(state).not.toContainText("Up ");
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "./mark-silent.svg");
  await expect(page.getByRole("figure").first()).not.toContainText(/\bnow$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Server" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "No response" })).toBeVisible();

  await page.unroute("**/api/v1/**");
  await expect(page.getByRole("alert").filter({ hasText: "No response" })).toBeHidden({ timeout: 30_000 });
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "./mark.svg");
});

test("every page, the tab title and the icon show an open problem until it is acknowledged", async ({ page, server }) => {
  await page.route("**/api/v1/status", async (route) => {
    const response = await route.fetch();
    const problem = {
      id: "made-up", code: "made_up", capability: "cache", severity: "critical", title: "The store is gone", detail: "It does not answer.", fix: "Look at the disk.",
      page: "/cache", guide: null, first_seen: new Date().toISOString(), last_seen: new Date().toISOString(), count: 1, state: "open",
      acknowledged_by: null, acknowledged_at: null, resolved_at: null,
    };
    await route.fulfill({ response, json: { ...(await response.json()), state: "failing", sentence: "The store is gone.", problems: [problem] } });
  });

  await page.goto(`${server.dashboard}/configuration`);
  await settled(page);

  await expect(page).toHaveTitle(/^● 1 – Configuration – /);
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "./mark-fail.svg");
  await expect(page.getByRole("link", { name: "1 open problem", exact: true })).toBeVisible();
  const pages = page.getByRole("navigation", { name: "Pages" });
  await expect(pages.getByRole("link", { name: /^Cache 1 open problem$/ })).toBeVisible();
  await expect(page.getByText("Failing", { exact: true })).toBeVisible();

  await page.unroute("**/api/v1/status");
  await expect(page).toHaveTitle(/^Configuration – /, { timeout: 20_000 });
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", "./mark.svg");
});

test("the command palette finds pages, keys, guides and actions, and works with the keyboard", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);

  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox");
  await expect(field).toBeFocused();
  await field.fill("cache.memory");
  await expect(page.getByRole("option", { name: /^cache\.memory/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/configuration\?key=cache\.memory/);
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await field.fill("dark");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.keyboard.press("Control+k");
  await field.fill("nothing like this");
  await expect(page.getByRole("dialog").getByRole("status")).toContainText("Nothing matches");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("the time range is kept in the URL, on other pages and after a reload", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);

  await page.getByRole("button", { name: "time range" }).click();
  await page.getByRole("menuitemradio", { name: "The last hour" }).click();

  await expect(page).toHaveURL(/\?range=1h$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Cache" }).click();
  await expect(page).toHaveURL(/\/cache\?range=1h$/);
  await page.reload();
  await expect(page.getByRole("button", { name: "time range" })).toContainText("1 h");
  await page.getByRole("button", { name: "time range" }).click();
  await page.getByRole("menuitemradio", { name: "The last 15 minutes" }).click();
  await expect(page).toHaveURL(/\/cache$/);
});

test("only pages with charts offer the time range, and only pages that refresh offer to pause", async ({ page, server }) => {
  const range = page.getByRole("button", { name: "time range" });
  const live = page.getByRole("button", { name: /^Live/ });
  for (const [path, hasRange, isLive] of [["/cache", true, true], ["/problems", false, true], ["/access", false, false], ["/configuration", false, false]] as const) {
    await page.goto(`${server.dashboard}${path}`);
    await settled(page);
    await expect(range, path).toHaveCount(hasRange ? 1 : 0);
    await expect(live, path).toHaveCount(isLive ? 1 : 0);
  }
});

test("the command palette creates tokens, records deploys, and opens lists and guides", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  const choose = async (text: string, option: RegExp) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(text);
    await page.getByRole("option", { name: option }).click();
  };

  await choose("sessions", /^Sessions\s*Pages/);
  await expect(page).toHaveURL(/\/access\?tab=sessions/);
  await choose("guides", /^Guides\s*Pages/);
  await expect(page).toHaveURL(/\/guides$/);
  await choose("create token", /^Create token/);
  const token = page.getByRole("dialog", { name: "Create token" });
  await expect(token.getByRole("button", { name: "Create token" })).toBeInViewport({ ratio: 1 });
  await token.getByRole("button", { name: "Cancel" }).click();
  await expect(token).toBeHidden();

  await choose("record a deploy", /^Record a deploy/);
  const deploy = page.getByRole("dialog", { name: "Record a deploy" });
  await deploy.getByLabel("Title").fill("shop 4.12 from the palette");
  await deploy.getByRole("button", { name: "Record" }).click();
  await expect(deploy).toBeHidden();
  await expect(page.getByRole("region", { name: "Recent events" })).toContainText("shop 4.12 from the palette");
});

test("dragging over a chart narrows the range of all charts", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/server`);
  await settled(page);
  const plot = page.getByRole("figure", { name: "CPU" }).locator(".u-over");
  const box = (await plot.boundingBox())!;

  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 5 });
  await page.mouse.up();

  await expect(page).toHaveURL(/\?from=\d+&to=\d+$/);
  const { from, to } = Object.fromEntries(new URL(page.url()).searchParams) as { from: string; to: string };
  expect(Number(to) - Number(from)).toBeGreaterThan(7 * 60_000);
  expect(Number(to) - Number(from)).toBeLessThan(8 * 60_000);
  await expect(page.getByRole("button", { name: /^Live/ })).toBeHidden();
  await page.getByRole("button", { name: /^Zoomed/ }).click();
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL(/\/server$/);
});

test("the navigation fits a laptop and shrinks to icons in a narrow window", async ({ page, server }) => {
  await page.setViewportSize({ width: 1280, height: 700 });
  await page.goto(`${server.dashboard}/`);
  await settled(page);
  await expect(page.getByTitle("Account menu")).toBeInViewport();
  await page.setViewportSize({ width: 900, height: 700 });
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Configuration" })).toBeInViewport();
  expect((await page.getByRole("banner").boundingBox())!.width).toBeLessThan(80);
  await expectNoSidewaysScroll(page, "a narrow laptop");
});
