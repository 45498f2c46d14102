// Takes screenshots of every page of a server with activity: light, dark and on a phone. SHOTS_DIR is the output folder, and
// README_SHOTS_DIR, if set, is the folder for the screenshots in the README.
import { expect, test, type BrowserContextOptions, type Page } from "@playwright/test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { keepBusy, makeProblem, populate } from "./activity";
import { PAGES, PAGES_OUTSIDE, settled } from "./pages";
import { logIn, OWNER, setUp, start } from "./server";

const NOBODY = { cookies: [], origins: [] };
const IDENTITY = ["server.name=shop-1", "server.environment=production", "server.colour=orange"];

const LOOKS: Record<string, BrowserContextOptions> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true, isMobile: true },
};

/** The duration of the activity before the screenshots, in seconds, so that charts have data. */
const ACTIVE_SECONDS = 40;
const README_ACTIVE_SECONDS = Number(process.env["README_ACTIVE_SECONDS"] ?? 14 * 60);

/** The maximum size of a screenshot in the README, in bytes. */
const README_BYTES_MAX = 300 * 1024;

test("every page", async ({ browser }) => {
  const folder = needed("SHOTS_DIR");
  const server = await start("cache.memory=4MiB", ...IDENTITY);
  try {
    const first = await browser.newPage({ storageState: NOBODY });
    await setUp(first, server);
    await first.close();
    await populate(server);
    const stop = await keepBusy(server);
    await makeProblem(server, 5 * 1024 * 1024);
    await seconds(ACTIVE_SECONDS);
    for (const [look, options] of Object.entries(LOOKS)) {
      const context = await browser.newContext({ ...options, reducedMotion: "reduce", storageState: NOBODY });
      const page = await context.newPage();
      for (const path of PAGES_OUTSIDE) {
        await take(page, `${server.dashboard}${path}`, join(folder, `${fileName(path)}-${look}.png`));
      }
      await page.goto(`${server.dashboard}/login`);
      await logIn(page, OWNER.email, OWNER.password);
      await page.waitForURL(`${server.dashboard}/`);
      for (const path of PAGES) {
        await take(page, `${server.dashboard}${path}`, join(folder, `${fileName(path)}-${look}.png`));
      }
      await context.close();
    }
    await stop();
  } finally {
    await server.stop();
  }
});

test("Home for the README", async ({ browser }) => {
  test.skip(process.env["README_SHOTS_DIR"] === undefined, "only with --readme");
  const folder = needed("README_SHOTS_DIR");
  const server = await start("cache.memory=8MiB", ...IDENTITY);
  try {
    const first = await browser.newPage({ storageState: NOBODY });
    await setUp(first, server);
    await first.close();
    const stop = await keepBusy(server);
    await seconds(README_ACTIVE_SECONDS / 2);
    await populate(server);
    await seconds(README_ACTIVE_SECONDS / 2);
    for (const colorScheme of ["light", "dark"] as const) {
      const size = { width: 1440, height: 900 };
      const context = await browser.newContext({ viewport: size, colorScheme, reducedMotion: "reduce", storageState: NOBODY });
      const page = await context.newPage();
      await page.goto(`${server.dashboard}/login`);
      await logIn(page, OWNER.email, OWNER.password);
      await page.waitForURL(`${server.dashboard}/`);
      await settled(page);
      await seconds(1);
      const path = join(folder, `home-${colorScheme}.png`);
      await page.screenshot({ path, animations: "disabled" });
      expect(statSync(path).size, `the bytes of ${path}`).toBeLessThan(README_BYTES_MAX);
      await context.close();
    }
    await stop();
  } finally {
    await server.stop();
  }
});

async function take(page: Page, url: string, path: string): Promise<void> {
  await page.goto(url);
  await settled(page);
  // Charts are drawn a moment after their data has loaded.
  await seconds(0.5);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}

/** `access-tab-audit` of `/access?tab=audit`. */
function fileName(path: string): string {
  return path.replaceAll(/[^\w]+/g, "-").replaceAll(/^-|-$/g, "") || "home";
}

function seconds(count: number): Promise<void> {
  return new Promise((later) => setTimeout(later, count * 1000));
}

function needed(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) {
    throw new Error(`${variable} is not set; run \`cargo x dashboard --shots\``);
  }
  return value;
}
