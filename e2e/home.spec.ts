// Home: the state, the charts, the connection lines and automatic refreshing.
import { expect, test } from "./server";

test("the state is the sentence from the API", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  const status = await (await page.request.get(`${server.url}/api/v1/status`)).json();
  await expect(page.getByRole("region", { name: "State" }).getByRole("status")).toHaveText(status.sentence);
});

test("every chart has a text summary, and a table that can be opened with the keyboard", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  for (const title of ["Redis commands", "Cache hit ratio", "HTTP API requests", "HTTP API latency", "CPU", "Resident memory"]) {
    const chart = page.getByRole("figure", { name: title });
    await expect(chart.locator("figcaption")).not.toBeEmpty();
    await chart.getByRole("button", { name: `Table of ${title}` }).focus();
    await page.keyboard.press("Enter");
    await expect(chart.getByRole("table")).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(chart.getByRole("table")).toBeHidden();
  }
});

test("the connection lines contain this server's URLs and are available on every page", async ({ page, server }) => {
  for (const path of ["/", "/configuration"]) {
    await page.goto(`${server.dashboard}${path}`);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    const panel = page.getByRole("dialog", { name: "Connect an application" });
    await expect(panel).toContainText(`redis://127.0.0.1:${server.redisPort}`);
    await expect(panel).toContainText(`${server.dataDir}/redis.sock`);
    await expect(panel).toContainText(`${server.url}/api/v1/status`);
    await page.keyboard.press("Escape");
    await expect(panel).toBeHidden();
  }
});

test("every capability has a tile that links to its page", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  const tiles = page.getByRole("region", { name: "Capabilities" });
  await expect(tiles.getByRole("article", { name: "Cache" })).toContainText("OK");
  await tiles.getByRole("link", { name: "Server" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Server" })).toBeVisible();
});

test("a reported deployment appears in the recent events and on the charts", async ({ page, server }) => {
  await server.command("event", "deploy", "Shop v42 is live");

  await page.goto(`${server.dashboard}/`);

  await expect(page.getByRole("region", { name: "Recent events" })).toContainText("Shop v42 is live");
});

test("stores, listeners and services are listed with sizes and states", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/server`);
  await expect(page.getByRole("region", { name: "Stores" }).getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("region", { name: "Listeners" })).toContainText(server.url);
  await expect(page.getByRole("region", { name: "Services" }).getByText("running").first()).toBeVisible();
});

test("health checks run on request, and every result is shown in words", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/server`);
  const health = page.getByRole("region", { name: "Health" });
  await expect(health.getByRole("listitem")).toHaveCount(0);
  await health.getByRole("button", { name: "Check now" }).click();
  const report = await (await page.request.get(`${server.url}/api/v1/doctor`)).json();
  await expect(health.getByRole("listitem")).toHaveCount(report.checks.length);
  await expect(health.getByRole("status")).toContainText(`${report.checks.length} checks: `);
  await expect(health.getByRole("listitem").filter({ hasText: "Store" })).toContainText("OK");
  for (const check of report.checks) {
    if (check.fix !== null) {
      await expect(health.getByRole("listitem").filter({ hasText: check.fix.replaceAll("`", "") })).toContainText("What to do");
    }
  }
});

test("the page loads only new samples, until it is paused", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await page.waitForRequest((request) => request.url().includes("/status/history?since="), { timeout: 20_000 });

  await page.keyboard.press(".");

  const resume = page.getByRole("button", { name: /^Paused \d\d:\d\d/ });
  await expect(resume).toBeVisible();
  await expect(page.getByRole("figure").first()).not.toContainText(/\bnow$/);
  let asked = 0;
  page.on("request", (request) => {
    asked += request.url().includes("/api/v1/status") ? 1 : 0;
  });
  // One and a half intervals: long enough for an unexpected request.
  await page.waitForTimeout(7_500);
  expect(asked).toBe(0);

  await resume.click();
  await page.waitForRequest((request) => request.url().includes("/status/history?since="));
});

test("a hidden page sends no requests and catches up when it is visible again", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await page.waitForRequest((request) => request.url().includes("/status/history?since="), { timeout: 20_000 });
  const show = (state: "hidden" | "visible") =>
    page.evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { value: now, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);

  await show("hidden");
  // Count only from now on; earlier requests are allowed.
  let asked = 0;
  page.on("request", (request) => {
    asked += request.url().includes("/api/v1/") ? 1 : 0;
  });
  // One and a half intervals: long enough for an unexpected request.
  await page.waitForTimeout(7_500);
  expect(asked).toBe(0);

  const caughtUp = page.waitForRequest((request) => request.url().includes("/status/history?since="));
  await show("visible");
  await caughtUp;
});
