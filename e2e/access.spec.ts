// Access from the first start on: set-up, logging in and out, tokens, sessions, roles, the audit log.
import { test as base, type Page } from "@playwright/test";
import { expect, logIn, OWNER, setUp, start, type Server } from "./server";

/** These tests begin before anybody has an account, so they have a server to themselves and go in order. */
const test = base;
test.describe.configure({ mode: "serial" });

let server: Server;
test.beforeAll(async () => {
  server = await start();
});
test.afterAll(async () => {
  await server?.stop();
});

async function enter(page: Page, path = "/"): Promise<void> {
  await page.goto(`${server.dashboard}${path}`);
  await logIn(page, OWNER.email, OWNER.password);
}

test("nobody gets in without an account, and is brought back after the login", async ({ page }) => {
  await page.goto(`${server.dashboard}/cache?range=1h`);
  await expect(page).toHaveURL(`${server.dashboard}/login?return=${encodeURIComponent("/cache?range=1h")}`);
});

test("a password that is easy to guess is refused on the set-up page, in words", async ({ page }) => {
  const link = /https?:\S+/.exec(await server.command("admin", "link"))![0];
  await page.goto(link);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByRole("button", { name: "Save and continue" }).click();
  await expect(page.getByText(/too easy to guess/)).toBeVisible();
  await expect(page.getByRole("heading", { name: "Set up your account" })).toBeVisible();
});

test("the first start leads from the printed link over the set-up to Home", async ({ page }) => {
  // The link that was printed at the start may have been replaced by the one of the test before.
  server.link = /https?:\S+/.exec(await server.command("admin", "link"))![0];
  await setUp(page, server);
  expect(new URL(page.url()).hash).toBe("");
  await expect(page.getByRole("link", { name: OWNER.name })).toBeVisible();
});

test("a link that was used does not work again", async ({ page }) => {
  await page.goto(server.link);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "This link no longer works" })).toBeVisible();
  await expect(page.getByText("outrigger admin link")).toBeVisible();
  await page.getByRole("link", { name: "Log in with a password" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
});

test("a wrong password says so and lets one try again", async ({ page }) => {
  await page.goto(`${server.dashboard}/login`);
  await logIn(page, OWNER.email, "not the password at all");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(`${server.dashboard}/login`);
  await logIn(page, OWNER.email, OWNER.password);
  await expect(page.getByRole("region", { name: "State" })).toBeVisible();
});

test("logging in returns to where one wanted to go, logging out ends it", async ({ page }) => {
  await enter(page, "/cache?range=1h");
  await expect(page).toHaveURL(`${server.dashboard}/cache?range=1h`);
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await page.goto(`${server.dashboard}/cache`);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
});

test("a token is shown once, works, and stops when it is revoked", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Make a token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("deploy");
  await dialog.getByRole("button", { name: "Make the token" }).click();
  await expect(dialog.getByText("Choose at least one")).toBeVisible();
  await dialog.getByRole("checkbox", { name: "Write cache" }).check();
  await expect(dialog.getByRole("checkbox", { name: "Read cache" })).toBeChecked();
  await dialog.getByRole("button", { name: "Make the token" }).click();
  const token = await dialog.getByLabel("the token").innerText();
  expect(token).toMatch(/^otr_/);

  await dialog.getByRole("button", { name: "I have it" }).click();

  await expect(page.getByRole("row", { name: /deploy/ })).toContainText("cache:write");
  await expect(page.locator("body")).not.toContainText(token);
  const call = (path: string) => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect((await call("/api/v1/cache/stats")).status).toBe(200);
  expect((await call("/api/v1/access/accounts")).status).toBe(403);

  await page.getByRole("button", { name: "Revoke deploy" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Revoke/ }).click();
  await expect(page.getByRole("row", { name: /deploy/ })).toBeHidden();
  expect((await call("/api/v1/cache/stats")).status).toBe(401);
});

test("a token for a Redis client is made with one tick", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Make a token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("redis client");
  await dialog.getByRole("checkbox", { name: "Read cache" }).check();
  await dialog.getByRole("checkbox", { name: "All of cache" }).check();
  await expect(dialog.getByRole("checkbox", { name: "Write cache" })).toBeChecked();
  await dialog.getByRole("button", { name: "Make the token" }).click();
  await dialog.getByRole("button", { name: "I have it" }).click();

  const row = page.getByRole("row", { name: /redis client/ });
  await expect(row).toContainText("cache:*");
  await expect(row).not.toContainText("cache:read");
});

test("an answer that gets lost on the way makes nothing twice", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Make a token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("once only");
  await dialog.getByRole("checkbox", { name: "Read cache" }).check();
  const keys: (string | null)[] = [];
  await page.route("**/api/v1/access/tokens", async (route) => {
    if (route.request().method() !== "POST") {
      await route.fallback();
      return;
    }
    keys.push(await route.request().headerValue("idempotency-key"));
    if (keys.length === 1) {
      await route.fetch();
      await route.abort("connectionreset");
    } else {
      await route.fallback();
    }
  });

  await dialog.getByRole("button", { name: "Make the token" }).click();
  await expect(dialog.getByRole("alert")).toContainText("No answer");
  await dialog.getByRole("button", { name: "Make the token" }).click();
  await dialog.getByRole("button", { name: "I have it" }).click();

  await expect(page.getByRole("row", { name: /once only/ })).toHaveCount(1);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

test("a session that is ended has to log in again", async ({ page, browser }) => {
  const elsewhere = await browser.newPage({ userAgent: "Elsewhere/1.0" });
  await enter(elsewhere);
  await expect(elsewhere.getByRole("region", { name: "State" })).toBeVisible();
  await enter(page, "/access?tab=sessions");

  const row = page.getByRole("row", { name: /Elsewhere\/1\.0/ });
  await row.getByRole("button", { name: /^End/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the session" }).click();

  await expect(row).toBeHidden();
  // The page elsewhere refreshes by itself, and so notices by itself.
  await expect(elsewhere.getByRole("dialog", { name: "Your session has ended" })).toBeVisible({ timeout: 20_000 });
  await elsewhere.close();
});

test("a viewer is invited by a link and sees neither Access nor what clears", async ({ page, browser }) => {
  await enter(page, "/access");
  await page.getByRole("button", { name: "Add an account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill("viewer@example.com");
  await dialog.getByRole("button", { name: "Add the account" }).click();
  const link = await page.getByRole("dialog").getByLabel("the login link").innerText();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("row", { name: /viewer@example\.com/ })).toBeVisible();
  await server.command("cache", "set", "one", "1");

  const viewer = await browser.newPage();
  await viewer.goto(link);
  await viewer.getByRole("button", { name: "Log in" }).click();
  await viewer.getByLabel("Password", { exact: true }).fill("looking at the water 9 days");
  await viewer.getByRole("button", { name: "Save and continue" }).click();
  await expect(viewer.getByRole("region", { name: "State" })).toBeVisible();

  await expect(viewer.getByRole("link", { name: "Access" })).toBeHidden();
  await viewer.goto(`${server.dashboard}/access`);
  await expect(viewer.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await viewer.goto(`${server.dashboard}/cache`);
  await expect(viewer.getByLabel("Cache figures")).toBeVisible();
  await expect(viewer.getByRole("button", { name: /^Clear/ })).toHaveCount(0);
  await viewer.close();
});

test("what was done is in the audit log, and its filters are in the address", async ({ page }) => {
  await enter(page, "/access?tab=audit");
  const log = page.getByRole("group", { name: "Audit log" });
  await expect(log.getByRole("row").nth(1)).toBeVisible();
  await page.getByLabel("Who").fill("nobody@example.com");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/actor=nobody%40example\.com/);
  await expect(page.getByText("No entry matches.")).toBeVisible();
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(log.getByRole("row").nth(1)).toBeVisible();
});

test("an ingest key is made and revoked", async ({ page }) => {
  await enter(page, "/access?tab=ingest-keys");
  await page.getByLabel("New ingest key").fill("web shop");
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.getByRole("row", { name: /web shop/ })).toBeVisible();
  await page.getByRole("button", { name: "Revoke web shop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Revoke/ }).click();
  await expect(page.getByRole("row", { name: /web shop/ })).toBeHidden();
});

test("a list that is longer than a page shows the rest when asked", async ({ page }) => {
  await enter(page, "/access?tab=ingest-keys");
  await expect(page.getByLabel("New ingest key")).toBeVisible();
  const made = await page.evaluate(async (url) => {
    const make = (name: string) =>
      fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name }) });
    const answers = [];
    for (let number = 1; number <= 51; number += 1) {
      answers.push((await make(`key ${number}`)).status);
    }
    return answers.filter((status) => status === 201).length;
  }, `${server.url}/api/v1/access/ingest-keys`);
  expect(made).toBe(51);
  await page.reload();
  const rows = page.getByRole("group", { name: "Ingest keys" }).locator("tbody tr");
  await expect(rows).toHaveCount(50);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(51);
  await expect(rows.last()).toContainText("key 1");
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
});
