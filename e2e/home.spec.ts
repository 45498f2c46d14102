// Home: the state, the figures, the lines to connect with, and refreshing by itself.
import { expect, test } from "./server";

test("the state is one sentence, the same that the interface gives", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  const status = await (await page.request.get(`${server.url}/api/v1/status`)).json();
  await expect(page.getByRole("region", { name: "State" }).getByRole("status")).toHaveText(status.sentence);
});

test("every chart has a sentence, and a table that the keyboard reaches", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  for (const title of ["Requests and errors", "Latency", "Cache hit ratio", "Memory and processor"]) {
    const chart = page.getByRole("figure", { name: title });
    await expect(chart.locator("figcaption")).not.toBeEmpty();
    await chart.getByRole("button", { name: `Table of ${title}` }).focus();
    await page.keyboard.press("Enter");
    await expect(chart.getByRole("table")).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(chart.getByRole("table")).toBeHidden();
  }
});

test("the lines to connect with carry this server's addresses", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  const connect = page.getByRole("region", { name: "Connect an application" });
  await expect(connect).toContainText(`REDIS_URL=redis://127.0.0.1:${server.redisPort}`);
  await expect(connect).toContainText(`${server.dataDir}/redis.sock`);
  await expect(connect).toContainText(`${server.url}/api/v1/status`);
});

test("stores and services are listed with their sizes and states", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await expect(page.getByRole("region", { name: "Stores" }).getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("region", { name: "Services" }).getByText("running").first()).toBeVisible();
});

test("health is checked on request, and every result says in words how it went", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
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

test("the range is in the address and survives a reload", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await page.getByRole("radio", { name: "1 h" }).check({ force: true });
  await expect(page).toHaveURL(/\?range=1h$/);
  await page.reload();
  await expect(page.getByRole("radio", { name: "1 h" })).toBeChecked();
});

test("figures arrive by themselves, only the new ones, until the page is paused", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await page.waitForRequest((request) => request.url().includes("/status/history?since="), { timeout: 20_000 });

  await page.keyboard.press(".");

  await expect(page.getByText(/^Paused\. Figures are from/)).toBeVisible();
  let asked = 0;
  page.on("request", (request) => {
    asked += request.url().includes("/api/v1/status") ? 1 : 0;
  });
  // One period and a half: long enough for a request that should not come.
  await page.waitForTimeout(7_500);
  expect(asked).toBe(0);

  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForRequest((request) => request.url().includes("/status/history?since="));
});

test("a hidden page asks for nothing and catches up when it is seen again", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/`);
  await page.waitForRequest((request) => request.url().includes("/status/history?since="), { timeout: 20_000 });
  const show = (state: "hidden" | "visible") =>
    page.evaluate((now) => {
      Object.defineProperty(document, "visibilityState", { value: now, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);

  await show("hidden");
  // From now on: until then the page may ask.
  let asked = 0;
  page.on("request", (request) => {
    asked += request.url().includes("/api/v1/") ? 1 : 0;
  });
  // One period and a half: long enough for a request that should not come.
  await page.waitForTimeout(7_500);
  expect(asked).toBe(0);

  const caughtUp = page.waitForRequest((request) => request.url().includes("/status/history?since="));
  await show("visible");
  await caughtUp;
});
