// A cache that is too small: how the page shows evictions and refused writes.
import { RedisPort } from "./resp";
import { expect, setUp, start, test as base } from "./server";

base("the page shows that the cache refuses writes, and which configuration key to change", async ({ browser }) => {
  const server = await start("cache.memory=2MiB", "cache.eviction=volatile");
  const page = await browser.newPage({ storageState: undefined });
  try {
    await setUp(page, server);
    const redis = await RedisPort.open(server.redisPort);
    const value = "x".repeat(64 * 1024);
    for (let index = 0; index < 60; index += 1) {
      await redis.send("SET", `key:${index}`, value).catch(() => undefined);
    }

    await page.goto(`${server.dashboard}/cache`);

    await expect(page.getByText(/The cache refused writes because it may evict nothing, so applications get errors/)).toBeVisible({ timeout: 20_000 });
    await expect(page.getByText(/Raise \[cache\] memory, or set \[cache\] eviction = "all"\./)).toBeVisible();
    const refused = page.locator('[aria-label="Cache figures"] > div').filter({ hasText: "Refused writes" });
    await expect(refused).toHaveAttribute("data-tone", "fail");
    redis.close();
  } finally {
    await page.close();
    await server.stop();
  }
});

base("a full cache that evicts many entries is not shown as healthy", async ({ browser }) => {
  const server = await start("cache.memory=2MiB");
  const page = await browser.newPage({ storageState: undefined });
  try {
    await setUp(page, server);
    const redis = await RedisPort.open(server.redisPort);
    const value = "x".repeat(64 * 1024);
    for (let index = 0; index < 200; index += 1) {
      await redis.send("SET", `key:${index}`, value);
    }

    await page.goto(`${server.dashboard}/cache`);

    await expect(page.getByText(/The cache is full: for every 100 entries written it evicts \d+/)).toBeVisible({ timeout: 20_000 });
    const memory = page.locator('[aria-label="Cache figures"] > div').filter({ hasText: "Memory" });
    await expect(memory).toHaveAttribute("data-tone", "warn");
    await expect(memory).toContainText("Full: ");
    redis.close();
  } finally {
    await page.close();
    await server.stop();
  }
});
