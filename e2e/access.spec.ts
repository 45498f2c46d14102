// Access from the first start: set-up, login, logout, tokens, sessions, roles and the audit log.
import { test as base, type Page } from "@playwright/test";
import { expectAccessible } from "./audit";
import { expect, logIn, logOut, OWNER, setUp, start, type Server } from "./server";

/** These tests start before set-up, so they have their own server and run in order. */
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

test("pages need a login, and the login returns to the page", async ({ page }) => {
  await page.goto(`${server.dashboard}/cache?range=1h`);
  await expect(page).toHaveURL(`${server.dashboard}/login?return=${encodeURIComponent("/cache?range=1h")}`);
});

test("the set-up page refuses a weak password and explains why", async ({ page }) => {
  const link = /https?:\S+/.exec(await server.command("admin", "link"))![0];
  await page.goto(link);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByRole("button", { name: "Save and continue" }).click();
  await expect(page.getByText(/too easy to guess/)).toBeVisible();
  await expect(page.getByRole("heading", { name: "Set up your account" })).toBeVisible();
});

test("the printed link opens the set-up page, which opens Home", async ({ page }) => {
  // The previous test may have replaced the link that was printed at startup.
  server.link = /https?:\S+/.exec(await server.command("admin", "link"))![0];
  await setUp(page, server);
  expect(new URL(page.url()).hash).toBe("");
  await expect(page.getByRole("button", { name: OWNER.name })).toBeVisible();
});

test("a used link does not work again", async ({ page }) => {
  await page.goto(server.link);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "This link no longer works" })).toBeVisible();
  await expect(page.getByText("outrigger admin link")).toBeVisible();
  await page.getByRole("link", { name: "Log in with a password" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
});

test("a wrong password shows an error, and the user can try again", async ({ page }) => {
  await page.goto(`${server.dashboard}/login`);
  await logIn(page, OWNER.email, "not the password at all");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(`${server.dashboard}/login`);
  await logIn(page, OWNER.email, OWNER.password);
  await expect(page.getByRole("region", { name: "State" })).toBeVisible();
});

test("login returns to the requested page, and logout ends the session", async ({ page }) => {
  await enter(page, "/cache?range=1h");
  await expect(page).toHaveURL(`${server.dashboard}/cache?range=1h`);
  await logOut(page);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await page.goto(`${server.dashboard}/cache`);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
});

test("a token is shown once, works, and stops working after revocation", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Create token…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("deploy");
  await dialog.getByRole("button", { name: "Create token" }).click();
  await expect(dialog.getByText("Choose at least one")).toBeVisible();
  await dialog.getByRole("checkbox", { name: "Write cache" }).check();
  await expect(dialog.getByRole("checkbox", { name: "Read cache" })).toBeChecked();
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = await dialog.getByLabel("the token", { exact: true }).innerText();
  expect(token).toMatch(/^otr_/);

  await dialog.getByRole("button", { name: "I have saved it" }).click();

  await expect(page.getByRole("row", { name: /deploy/ })).toContainText("cache:write");
  await expect(page.locator("body")).not.toContainText(token);
  const call = (path: string) => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect((await call("/api/v1/cache/stats")).status).toBe(200);
  expect((await call("/api/v1/access/accounts")).status).toBe(403);

  await page.getByRole("button", { name: "Actions for deploy" }).click();
  await page.getByRole("menuitem", { name: "Revoke…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Revoke/ }).click();
  await expect(page.getByRole("row", { name: /deploy/ })).toBeHidden();
  expect((await call("/api/v1/cache/stats")).status).toBe(401);
});

test("one check box selects the scope for a Redis client", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Create token…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("redis client");
  await dialog.getByRole("checkbox", { name: "Read cache" }).check();
  await dialog.getByRole("checkbox", { name: "All of cache" }).check();
  await expect(dialog.getByRole("checkbox", { name: "Write cache" })).toBeChecked();
  await dialog.getByRole("button", { name: "Create token" }).click();
  await dialog.getByRole("button", { name: "I have saved it" }).click();

  const row = page.getByRole("row", { name: /redis client/ });
  await expect(row).toContainText("cache:*");
  await expect(row).not.toContainText("cache:read");
});

test("retrying after a lost response creates no second token", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Create token…" }).click();
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

  await dialog.getByRole("button", { name: "Create token" }).click();
  await expect(dialog.getByRole("alert")).toContainText("No response");
  await dialog.getByRole("button", { name: "Create token" }).click();
  await dialog.getByRole("button", { name: "I have saved it" }).click();

  await expect(page.getByRole("row", { name: /once only/ })).toHaveCount(1);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

test("a browser whose session was ended has to log in again", async ({ page, browser }) => {
  const elsewhere = await browser.newPage({ userAgent: "Elsewhere/1.0" });
  await enter(elsewhere);
  await expect(elsewhere.getByRole("region", { name: "State" })).toBeVisible();
  await enter(page, "/access?tab=sessions");

  const row = page.getByRole("row", { name: /Elsewhere\/1\.0/ });
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "End session…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the session" }).click();

  await expect(row).toBeHidden();
  // The other page refreshes automatically and so notices the end of its session.
  await expect(elsewhere.getByRole("dialog", { name: "Your session has ended" })).toBeVisible({ timeout: 20_000 });
  await elsewhere.close();
});

test("a viewer is invited by a link and sees neither Access nor the clear buttons", async ({ page, browser }) => {
  await enter(page, "/access");
  await page.getByRole("button", { name: "Add an account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill("viewer@example.com");
  await dialog.getByRole("button", { name: "Add the account" }).click();
  await expect(page.getByRole("dialog", { name: "Login link for viewer@example.com" })).toBeVisible();
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
  await expect(viewer.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await viewer.goto(`${server.dashboard}/cache`);
  await expect(viewer.getByLabel("Cache figures")).toBeVisible();
  await expect(viewer.getByRole("button", { name: /^Clear/ })).toHaveCount(0);
  await viewer.close();
});

/** Selects a value of a table's filter. */
async function filter(page: Page, name: string, value: string): Promise<void> {
  await page.getByRole("search").getByRole("button", { name, exact: true }).click();
  await page.getByRole("dialog", { name }).getByRole("button", { name: value, exact: true }).click();
}

test("changing a role with the keyboard needs a dialog that describes the role, and can be undone", async ({ page }) => {
  await enter(page, "/access");
  const changes: string[] = [];
  page.on("request", (request) => request.method() === "PATCH" && changes.push(request.postData() ?? ""));
  const row = page.getByRole("row", { name: /viewer@example\.com/ });
  await row.getByRole("button", { name: /^Actions for/ }).focus();
  await page.keyboard.press("Enter");
  // The menu moves the focus to its first action when it opens. A key before that would be lost.
  await expect(page.getByRole("menuitem", { name: "Create a login link…" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Role of viewer@example.com" });
  await expect(dialog.getByRole("radio", { name: /^viewer/ })).toBeFocused();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) {
    await page.keyboard.press(key);
  }
  await expect(dialog.getByRole("radio", { name: /^owner.*Has full access/ })).toBeChecked();
  await expect(dialog.getByRole("button", { name: "Change to owner" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  expect(changes).toEqual([]);
  await expect(row).toContainText("viewer");
  await expect(row.getByRole("button", { name: /^Actions for/ })).toBeFocused();

  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Change role…" }).click();
  await dialog.getByRole("radio", { name: /^operator/ }).check();
  await dialog.getByRole("button", { name: "Change to operator" }).click();
  const toasts = page.getByRole("region", { name: "Notifications" });
  await expect(toasts).toContainText("viewer@example.com is now operator.");
  await expect(row).toContainText("operator");
  await toasts.getByRole("button", { name: /^Undo/ }).click();
  await expect(toasts).toContainText("Undone.");
  await expect(row).not.toContainText("operator");
});

test("disabling an account asks for confirmation and shows a toast", async ({ page }) => {
  await enter(page, "/access");
  const row = page.getByRole("row", { name: /viewer@example\.com/ });
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Disable…" }).click();
  const dialog = page.getByRole("dialog", { name: "Disable viewer@example.com?" });
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await dialog.getByRole("button", { name: "Disable viewer@example.com" }).click();
  await expect(row).toContainText("disabled");
  await page.getByRole("region", { name: "Notifications" }).getByRole("button", { name: /^Undo/ }).click();
  await expect(row).not.toContainText("disabled");
});

test("the dialog with a new token stays open until the user copies or confirms the token", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await enter(page, "/access?tab=tokens");
  await page.getByRole("button", { name: "Create token…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("shop");
  await page.mouse.click(5, 5);
  await expect(dialog.getByLabel("Name")).toHaveValue("shop");
  await dialog.getByRole("checkbox", { name: "All of cache" }).check();
  await dialog.getByRole("button", { name: "Create token" }).click();

  await expect(dialog.getByRole("button", { name: "Copy the token" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.mouse.click(5, 5);
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Close" })).toHaveCount(0);
  const text = dialog.getByLabel("the token", { exact: true });
  const token = await text.innerText();
  expect(await text.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
  await expect(dialog).toContainText(`REDIS_URL=redis://:${token}@127.0.0.1:${server.redisPort}`);
  await dialog.getByRole("radio", { name: "HTTP" }).check({ force: true });
  await expect(dialog).toContainText(`export OUTRIGGER_TOKEN=${token}`);
  await expectAccessible(page, "a token that is shown once");

  await dialog.getByRole("button", { name: "Copy the token" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

test("the audit log shows the actor, the account and both roles of a change, and links to the account", async ({ page }) => {
  await enter(page, "/access?tab=audit");
  const entry = page.getByRole("row").filter({ hasText: `${OWNER.email} changed the role of viewer@example.com from viewer to operator` });
  await expect(entry).toHaveCount(1);
  await expect(entry).toContainText("access.update_account");
  await expect(page.getByRole("row").filter({ hasText: "created the token shop with cache:*" })).toHaveCount(1);
  await expect(page.getByRole("row").filter({ hasText: "The command line on this machine created a login link for" }).first()).toBeVisible();

  await entry.getByRole("link", { name: "viewer@example.com" }).click();

  await expect(page).toHaveURL(/\/access\/accounts\/[0-9a-f-]{36}/);
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("Reads everything except secrets and access.");
  await expect(drawer).toContainText("changed the role of viewer@example.com from viewer to operator");
  await expect(drawer.getByRole("region", { name: "Sessions" })).toContainText("No sessions.");
  await expectAccessible(page, "the drawer of an account");
  await page.goBack();
  await expect(page.getByRole("tab", { name: "Audit log" })).toHaveAttribute("aria-selected", "true");
});

test("the audit log can be filtered by actor, action and outcome, and the URL contains the filters", async ({ page }) => {
  await enter(page, "/access?tab=audit");
  const rows = page.locator("[data-row]");
  await expect(rows.first()).toBeVisible();

  const filtered = page.waitForRequest((request) => request.url().includes("outcome=failed"));
  await filter(page, "Outcome", "failed");
  await filtered;
  await expect(rows.filter({ hasText: "tried to log in" }).first()).toBeVisible();
  await expect(rows.getByText("ok", { exact: true })).toHaveCount(0);
  await expect(page).toHaveURL(/outcome=failed/);
  await page.reload();
  await expect(rows.filter({ hasText: "tried to log in" }).first()).toBeVisible();
  await page.getByRole("button", { name: "Show all" }).click();

  await filter(page, "Time", "last hour");
  await expect(page).toHaveURL(/period=1h/);
  await expect(rows.first()).toBeVisible();
  await page.getByRole("button", { name: "Show all" }).click();

  await filter(page, "Who", "viewer@example.com");
  await expect(rows.first()).toBeVisible();
  await expect(rows.filter({ hasNotText: "viewer@example.com" })).toHaveCount(0);
  await page.getByRole("button", { name: "Show all" }).click();
  await filter(page, "Action", "create the token");
  await expect(page).toHaveURL(/action=access\.create_token/);
  await expect(rows.filter({ hasNotText: "the token" })).toHaveCount(0);

  await page.getByRole("search").getByRole("button", { name: "Who", exact: true }).click();
  await page.getByRole("textbox", { name: "Who" }).fill("nobody@example.com");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No entry matches.")).toBeVisible();
});

test("the details of accounts and tokens have URLs and link to each other", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await page.getByRole("link", { name: "shop", exact: true }).click();
  await expect(page).toHaveURL(/\/access\/tokens\/[0-9a-f-]{36}/);
  await page.reload();
  const drawer = page.getByRole("dialog", { name: "shop" });
  await expect(drawer).toContainText("cache:*");
  await drawer.getByRole("link", { name: OWNER.email }).first().click();
  await expect(page.getByRole("dialog", { name: OWNER.name })).toContainText("this browser");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page).toHaveURL(/\/access(\?.*)?$/);
});

test("a long list loads more rows on request", async ({ page }) => {
  await enter(page, "/access?tab=tokens");
  await expect(page.getByRole("link", { name: "shop", exact: true })).toBeVisible();
  const made = await page.evaluate(async (url) => {
    const make = (name: string) =>
      fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, scopes: ["cache:read"] }) });
    const answers = [];
    for (let number = 1; number <= 51; number += 1) {
      answers.push((await make(`token ${number}`)).status);
    }
    return answers.filter((status) => status === 201).length;
  }, `${server.url}/api/v1/access/tokens`);
  expect(made).toBe(51);
  await page.reload();
  const rows = page.locator("[data-row]");
  await expect(rows).toHaveCount(50);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(rows.filter({ has: page.getByRole("link", { name: "token 1", exact: true }) })).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Load more" })).toHaveCount(0);
});
