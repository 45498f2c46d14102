// The session while a page is open: what keeps it alive, what happens when it ends, and how other tabs react.
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { expectAccessible } from "./audit";
import { expect, logIn, logOut, OWNER, test, type Server } from "./server";

const NOBODY = { cookies: [], origins: [] };
const HEADER = "outrigger-background";

/** A browser with its own session, which a test may end. */
async function ownSession(browser: Browser, server: Server, path = "/"): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ storageState: NOBODY });
  const page = await context.newPage();
  await page.goto(`${server.dashboard}${path}`);
  await logIn(page, OWNER.email, OWNER.password);
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
  return { context, page };
}

/** Ends the session on the server without notifying the page. */
async function endSession(page: Page, server: Server): Promise<void> {
  const status = await page.evaluate(async (url) => (await fetch(url, { method: "POST" })).status, `${server.url}/api/v1/access/logout`);
  expect(status).toBe(204);
}

async function logInAgain(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.getByLabel("Password", { exact: true }).fill(OWNER.password);
  await dialog.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(dialog).toBeHidden();
}

test("automatic refreshes are marked as background requests, and requests caused by the user are not", async ({ page, server }) => {
  const status = (background: boolean) =>
    page.waitForRequest((request) => request.url().endsWith("/api/v1/status") && (request.headers()[HEADER] === "1") === background);

  const opened = status(false);
  await page.goto(`${server.dashboard}/`);
  await opened;
  await status(true);
  const config = page.waitForRequest((request) => request.url().endsWith("/api/v1/config"));
  await page.getByRole("link", { name: "Configuration", exact: true }).first().click();
  expect((await config).headers()[HEADER]).toBeUndefined();
});

test("a form survives the end of the session and is sent after the user logs in again", async ({ browser, server }) => {
  const { context, page } = await ownSession(browser, server, "/account");
  await page.getByRole("textbox", { name: "Name" }).fill("Olu the Owner");
  await endSession(page, server);

  await page.getByRole("button", { name: "Save", exact: true }).click();

  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByLabel("E-mail address")).toHaveValue(OWNER.email);
  await expect(dialog.getByLabel("E-mail address")).not.toBeEditable();
  await expectAccessible(page, "the dialog of an ended session");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await dialog.getByLabel("Password", { exact: true }).fill("not the password");
  await dialog.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  const saved = page.waitForResponse((response) => response.url().endsWith("/api/v1/access/me") && response.request().method() === "PUT" && response.ok());
  await logInAgain(page);
  expect((await (await saved).json()).account.name).toBe("Olu the Owner");
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Olu the Owner");

  await page.getByRole("textbox", { name: "Name" }).fill(OWNER.name);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText(OWNER.name).first()).toBeVisible();
  await context.close();
});

test("an idle page also asks to log in again and then continues", async ({ browser, server }) => {
  const { context, page } = await ownSession(browser, server, "/cache");
  await endSession(page, server);

  await expect(page.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Cache", includeHidden: true })).toBeAttached();
  await logInAgain(page);
  await page.waitForResponse((response) => response.url().endsWith("/api/v1/cache/stats") && response.ok());
  await expect(page).toHaveURL(`${server.dashboard}/cache`);
  await context.close();
});

test("logout in one tab logs out all tabs, and login restores them", async ({ browser, server }) => {
  const { context, page: one } = await ownSession(browser, server);
  const two = await context.newPage();
  await two.goto(`${server.dashboard}/configuration`);
  await expect(two.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();

  await logOut(one);

  for (const tab of [one, two]) {
    await expect(tab.getByRole("heading", { name: "Log in" })).toBeVisible();
    await expect(tab.getByText("You have logged out.")).toBeVisible();
  }
  await expect(one).toHaveURL(`${server.dashboard}/login?reason=signed-out`);
  await logIn(one, OWNER.email, OWNER.password);
  await expect(one).toHaveURL(`${server.dashboard}/`);
  await expect(two.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();
  await context.close();
});

test("a tab whose session has ended continues after login in another tab", async ({ browser, server }) => {
  const { context, page: one } = await ownSession(browser, server, "/cache");
  await endSession(one, server);
  await expect(one.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();

  const two = await context.newPage();
  await two.goto(`${server.dashboard}/configuration`);
  await expect(two.getByText("Your session has ended. Log in to continue.")).toBeVisible();
  await logIn(two, OWNER.email, OWNER.password);

  await expect(two.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();
  await expect(one.getByRole("dialog", { name: "Your session has ended" })).toBeHidden();
  await expect(one.getByRole("heading", { level: 1, name: "Cache" })).toBeAttached();
  await context.close();
});

test("a tab shows no data of the previous account after another account logs in", async ({ browser, server }) => {
  const { context, page: one } = await ownSession(browser, server, "/configuration");
  await expect(one.getByRole("heading", { level: 1, name: "Configuration" })).toBeVisible();
  const printed = await server.command("admin", "create", "--email", "other@example.com", "--role", "viewer", "--json");
  const link = /"(http[^"]+login\/link#[^"]+)"/.exec(printed)?.[1] ?? "";

  const two = await context.newPage();
  await two.goto(link);
  await two.getByRole("button", { name: "Log in" }).click();

  await expect(one.getByRole("button", { name: "Save and continue" })).toBeVisible();
  await expect(one.getByLabel("E-mail address")).toHaveValue("other@example.com");
  await context.close();
});

test("opening a page without a session explains why the login page appears", async ({ browser, server }) => {
  const context = await browser.newContext({ storageState: NOBODY });
  const page = await context.newPage();

  await page.goto(`${server.dashboard}/cache`);

  await expect(page.getByText("Log in to see this page.")).toBeVisible();
  await page.goto(`${server.dashboard}/login`);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await expect(page.getByText("Log in to see this page.")).toBeHidden();
  await context.close();
});
