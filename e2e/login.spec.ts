// The login throttle, which shows how long to wait.
import { expect, test } from "@playwright/test";
import { expectAccessible } from "./audit";
import { logIn, OWNER, setUp, start } from "./server";

test("password guessing is slowed down, and the page shows how long to wait", async ({ page, browser }) => {
  const server = await start();
  const waits: number[] = [];
  try {
    const owner = await browser.newPage();
    await setUp(owner, server);
    await owner.close();
    // The fake clock skips the wait, which is long enough to be visible on a busy machine.
    await page.clock.install();
    await page.route("**/api/v1/access/login", async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      waits.push(Number(headers["retry-after"] ?? 0));
      await route.fulfill({ response, headers: response.status() === 429 ? { ...headers, "retry-after": "60" } : headers });
    });
    await page.goto(`${server.dashboard}/login`);
    const alert = page.getByRole("alert");
    let status = 0;
    for (let attempt = 0; attempt < 40 && status !== 429; attempt += 1) {
      const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/access/login"));
      await logIn(page, OWNER.email, `guess number ${attempt}`);
      status = (await answered).status();
    }
    expect(status).toBe(429);
    await expect(alert).toContainText(/try again in \d/i);
    expect(waits.at(-1)).toBeGreaterThan(0);
    await expect(page.getByRole("button", { name: /^Log in \(wait \d+ s\)$/ })).toBeDisabled();
    await expectAccessible(page, "the login page while it has to wait");
    await page.clock.fastForward(61_000);
    await expect(page.getByRole("button", { name: "Log in", exact: true })).toBeEnabled();
  } finally {
    await server.stop();
  }
});
