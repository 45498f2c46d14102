// What the dashboard shows after the server was restarted.
import { RedisPort } from "./resp";
import { expect, logIn, OWNER, setUp, start, test } from "./server";

test("the charts show the figures from before a restart", async ({ browser }) => {
  const server = await start();
  const page = await browser.newPage({ storageState: { cookies: [], origins: [] } });
  await setUp(page, server);
  const port = await RedisPort.open(server.redisPort);
  await port.send("SET", "page", "content");
  for (let read = 0; read < 500; read += 1) {
    await port.send("GET", "page");
  }
  port.close();
  await page.goto(`${server.dashboard}/cache`);
  const summary = page.getByRole("figure", { name: "Reads" }).locator("figcaption");
  await expect(summary).toContainText(/Hits: .*, [1-9][\d.,]*\/s at most/);

  const stopped = Date.now();
  const again = await server.restart();
  try {
    await page.context().clearCookies();
    await page.goto(`${again.dashboard}/login`);
    await logIn(page, OWNER.email, OWNER.password);
    await expect(page.getByRole("region", { name: "State" })).toBeVisible();
    await page.goto(`${again.dashboard}/cache`);

    // The new process has counted no read itself.
    const stats = await (await page.request.get(`${again.url}/api/v1/cache/stats`)).json();
    expect(stats.hits).toBe(0);
    await expect(summary).toContainText(/Hits: .*, [\d.,]*[1-9][\d.,]*\/s at most/);
    await page.getByRole("button", { name: "Table of Reads" }).click();
    const rows = page.getByRole("figure", { name: "Reads" }).getByRole("row");
    const earlier = await rows.locator("time").evaluateAll((times, end) => times.filter((time) => Date.parse((time as HTMLTimeElement).dateTime) < end).length, stopped);
    expect(earlier).toBeGreaterThan(0);
  } finally {
    await again.stop();
    await page.close();
  }
});
