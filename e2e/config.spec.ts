// The configuration page: values, sources, search and the line for the configuration file.
import { expectAccessible, expectNoSidewaysScroll } from "./audit";
import { ANY_PORT, expect, test } from "./server";

test("a key shows its value, its source, its default and its documentation", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration`);
  const key = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "http.listen", exact: true }) });
  await expect(key).toContainText(ANY_PORT);
  await expect(key).toContainText("flag");
  await expect(key).toContainText("127.0.0.1:7300");
  await expect(key).toContainText("OUTRIGGER_HTTP__LISTEN");
});

test("the filter for changed keys is kept in the URL", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration`);
  await page.getByRole("radio", { name: /^Changed/ }).check({ force: true });
  await expect(page).toHaveURL(/show=changed/);
  await expect(page.getByRole("heading", { name: "redis.listen", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "cache.memory", exact: true })).toBeHidden();
});

test("the slash key focuses the search, and the URL contains the search", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration`);
  await expect(page.getByRole("heading", { name: "cache.memory", exact: true })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("cache memory");
  await expect(page).toHaveURL(/q=cache\+memory/);
  await expect(page.getByRole("heading", { name: "cache.memory", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "http.listen", exact: true })).toBeHidden();
  await page.reload();
  await expect(page.getByRole("searchbox")).toHaveValue("cache memory");
});

test("the line for the configuration file can be copied", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${server.dashboard}/configuration?q=redis.listen`);
  await page.getByRole("button", { name: /redis\.listen in outrigger\.toml/ }).click();
  await expect(page.getByRole("button", { name: /^Copied/ })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`listen = "${ANY_PORT}"`);
});

test("the URL of a key marks it and opens its details", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration?key=log.files`);

  const key = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "log.files", exact: true }) });
  await expect(key).toBeInViewport();
  await expect(key.getByRole("heading", { name: "log.files" })).toBeFocused();
  await expect(key.getByText("OUTRIGGER_LOG__FILES")).toBeVisible();
  const other = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "cache.memory", exact: true }) });
  await expect(other.getByText("OUTRIGGER_CACHE__MEMORY")).toBeHidden();
  await expectAccessible(page, "the configuration with a marked key");
});

test("the index links to a section, also on a phone", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration`);
  await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "store", exact: true }).click();
  await expect(page.getByRole("heading", { name: "[store]" })).toBeInViewport();
  await expect(page).toHaveURL(/section=store/);

  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole("combobox", { name: "Sections" }).selectOption({ label: "access" });
  await expect(page.getByRole("heading", { name: "[access]" })).toBeInViewport();
  await expectNoSidewaysScroll(page, "the configuration on a phone");
});

test("keys in a guide link to the configuration page", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/guides/cache`);
  await page.getByRole("article").getByRole("link", { name: "[cache] memory", exact: true }).first().click();
  await expect(page).toHaveURL(`${server.dashboard}/configuration?key=cache.memory`);
  await expect(page.getByRole("heading", { name: "cache.memory", exact: true })).toBeFocused();
});

test("the URL of an unknown key shows a message", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/configuration?key=cache.nonsense`);
  await expect(page.getByText("There is no key cache.nonsense in this version.")).toBeVisible();
});
