// The cache page, with traffic over the Redis port.
import type { Page } from "@playwright/test";
import { RedisPort } from "./resp";
import { expect, test } from "./server";

test.describe.configure({ mode: "serial" });

function figure(page: Page, name: string) {
  return page.locator('[aria-label="Cache figures"] > div').filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) });
}

test("an unused cache shows connection examples for every client", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/cache`);
  const steps = page.getByRole("region", { name: "Nothing uses the cache yet" });
  await expect(steps).toContainText(`redis-cli -u redis://127.0.0.1:${server.redisPort} set greeting hello`);
  for (const client of ["Node", "Python", "Ruby"]) {
    await steps.getByRole("radio", { name: client }).check({ force: true });
    await expect(steps).toContainText(`"redis://127.0.0.1:${server.redisPort}"`);
  }
  await steps.getByRole("radio", { name: "PHP" }).check({ force: true });
  await expect(steps).toContainText(`connect("127.0.0.1", ${server.redisPort})`);
  await steps.getByRole("radio", { name: "HTTP" }).check({ force: true });
  await expect(steps).toContainText(`${server.url}/api/v1/cache/entries/greeting`);
});

test("hits and misses of a Redis client appear without a reload", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/cache`);
  await expect(figure(page, "Hits")).toContainText("0 hits");
  await page.evaluate(() => {
    document.body.dataset["kept"] = "yes";
  });

  const redis = await RedisPort.open(server.redisPort);
  for (let index = 0; index < 40; index += 1) {
    await redis.send("SET", `key:${index}`, "value");
    expect(await redis.send("GET", `key:${index}`)).toBe("value");
  }
  for (let index = 0; index < 10; index += 1) {
    expect(await redis.send("GET", `absent:${index}`)).toBeNull();
  }

  await expect(figure(page, "Hits")).toContainText("40 hits, 10 misses since start");
  await expect(figure(page, "Hit ratio")).toContainText("80%");
  await expect(figure(page, "Entries")).toContainText("40");
  await expect(page.getByRole("region", { name: "Nothing uses the cache yet" })).toBeHidden();
  await expect(page.getByRole("figure", { name: "Reads" }).locator("figcaption")).toContainText(/Hits: .* at most/, { timeout: 20_000 });
  expect(await page.evaluate(() => document.body.dataset["kept"])).toBe("yes");
  redis.close();
});

test("clearing one database shows the number of entries and keeps other databases", async ({ page, server }) => {
  const redis = await RedisPort.open(server.redisPort);
  await redis.send("SET", "kept", "1");
  await redis.send("SELECT", "3");
  await redis.send("SET", "gone:1", "1");
  await redis.send("SET", "gone:2", "1");
  await page.goto(`${server.dashboard}/cache`);

  await page.getByRole("button", { name: "Clear database 3" }).click();
  await page.getByRole("dialog", { name: "Clear 2 entries in database 3?" }).getByRole("button", { name: "Clear 2 entries" }).click();

  await expect(page.getByText("Cleared 2 entries in database 3.").first()).toBeVisible();
  expect(await redis.send("DBSIZE")).toBe(0);
  await redis.send("SELECT", "0");
  expect(await redis.send("GET", "kept")).toBe("1");
  redis.close();
});

test("clearing all databases asks for confirmation, which the keyboard can cancel", async ({ page, server }) => {
  const redis = await RedisPort.open(server.redisPort);
  await redis.send("SET", "still", "here");
  await page.goto(`${server.dashboard}/cache`);

  await page.getByRole("button", { name: "Clear the cache" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Keep them" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(await redis.send("GET", "still")).toBe("here");

  await page.getByRole("button", { name: "Clear the cache" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Clear [\d,]+ entr/ }).click();
  await expect(page.getByText(/^Cleared \d+ entr.* in all databases\./).first()).toBeVisible();
  expect(await redis.send("GET", "still")).toBeNull();
  redis.close();
});

test("clearing from the command palette asks for confirmation, too", async ({ page, server }) => {
  const redis = await RedisPort.open(server.redisPort);
  await redis.send("SELECT", "7");
  await redis.send("SET", "one", "1");
  await page.goto(`${server.dashboard}/`);

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("clear database 7");
  await page.getByRole("option", { name: /^Clear database 7/ }).click();

  await page.getByRole("dialog", { name: "Clear 1 entry in database 7?" }).getByRole("button", { name: "Keep them" }).click();
  await expect(page).toHaveURL(`${server.dashboard}/cache`);
  expect(await redis.send("GET", "one")).toBe("1");
  redis.close();
});
