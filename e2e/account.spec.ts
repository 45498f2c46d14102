// The account page, which is available to every role.
import { expect, test, type Browser, type Page } from "@playwright/test";
import { expectAccessible } from "./audit";
import { logIn, OWNER, setUp, start, type Server } from "./server";

/** Starts a separate server with a page logged in as the owner, because these tests end sessions and change passwords. */
async function withOwner(browser: Browser, act: (server: Server, page: Page) => Promise<void>): Promise<void> {
  const server = await start("server.name=ops-1", "server.environment=staging", "server.colour=orange");
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  try {
    const page = await context.newPage();
    await setUp(page, server);
    await act(server, page);
  } finally {
    await context.close();
    await server.stop();
  }
}

async function elsewhere(browser: Browser, server: Server): Promise<Page> {
  const page = await browser.newPage({ storageState: { cookies: [], origins: [] } });
  await page.goto(`${server.dashboard}/cache`);
  await expect(page.getByText("ops-1")).toBeVisible();
  await expect(page.getByText("staging")).toBeVisible();
  await logIn(page, OWNER.email, OWNER.password);
  await expect(page.getByRole("heading", { level: 1, name: "Cache" })).toBeAttached();
  return page;
}

test("the login page shows the server's name, and the account page can end all other sessions", async ({ browser }) => {
  await withOwner(browser, async (server, page) => {
    const other = await elsewhere(browser, server);
    await page.goto(`${server.dashboard}/account`);
    const sessions = page.getByRole("region", { name: "Your sessions" });
    await expect(sessions.getByRole("listitem")).toHaveCount(2);
    await expect(sessions.getByText("this browser")).toHaveCount(1);
    await expectAccessible(page, "the account page with sessions");

    await sessions.getByRole("button", { name: "Log out everywhere else" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Log out everywhere else" }).click();

    await expect(sessions.getByRole("listitem")).toHaveCount(1);
    await expect(page.getByText("1 session ended.").first()).toBeVisible();
    await expect(other.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
    await other.close();
  });
});

test("the account page lists and revokes the user's own tokens", async ({ browser }) => {
  await withOwner(browser, async (server, page) => {
    await server.command("token", "create", "--name", "deploy", "--scope", "cache:write");
    await page.goto(`${server.dashboard}/account`);
    const tokens = page.getByRole("region", { name: "Your tokens" });
    await expect(tokens.getByText("cache:write")).toBeVisible();

    await tokens.getByRole("button", { name: "Revoke deploy" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke “deploy”" }).click();

    await expect(tokens.getByText("You have no tokens.")).toBeVisible();
  });
});

test("a weak password is reported once, and a new e-mail address requires the password", async ({ browser }) => {
  await withOwner(browser, async (server) => {
    // A session created with a link would not require the current password.
    const page = await elsewhere(browser, server);
    await page.goto(`${server.dashboard}/account`);
    await page.getByLabel("Current password").fill(OWNER.password);
    await page.getByLabel("New password").fill("password");
    await page.getByRole("button", { name: "Change password" }).click();
    await expect(page.getByText(/too easy to guess/i)).toHaveCount(1);
    await expect(page.getByRole("main").getByRole("alert")).toHaveCount(0);

    const confirm = page.getByLabel("Password to confirm the new e-mail address");
    await expect(confirm).toBeHidden();
    await page.getByLabel("E-mail address").fill("new@example.com");
    await confirm.fill("wrong");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(confirm).toHaveAttribute("data-invalid", "true");
    await confirm.fill(OWNER.password);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Profile saved.").first()).toBeVisible();
    await expect(confirm).toBeHidden();
    await page.close();
  });
});

test("a forgotten password can be replaced after login with a link", async ({ browser }) => {
  await withOwner(browser, async (server, page) => {
    await page.goto(`${server.dashboard}/account`);
    await page.getByLabel("New password").fill("an entirely different float 8");
    await page.getByRole("button", { name: "Change password" }).click();
    await expect(page.getByText("Password changed. Your other sessions have ended.").first()).toBeVisible();
  });
});

test("the set-up page has no logout, and a used link explains how to get a new one", async ({ browser }) => {
  const server = await start();
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  try {
    const page = await context.newPage();
    await page.goto(server.link);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("heading", { name: "Set up your account" })).toBeVisible();
    await expect(page.getByRole("button", { name: /log out/i })).toHaveCount(0);

    const stranger = await (await browser.newContext({ storageState: { cookies: [], origins: [] } })).newPage();
    await stranger.goto(server.link);
    await stranger.getByRole("button", { name: "Log in" }).click();
    await expect(stranger.getByRole("heading", { name: "This link no longer works" })).toBeVisible();
    await expect(stranger.getByText("Ask the person who sent you the link for a new one.")).toBeVisible();
    await expectAccessible(stranger, "a used link");
    await stranger.context().close();
  } finally {
    await context.close();
    await server.stop();
  }
});
