// Measures how fast pages render on a throttled connection. `cargo x bench dashboard` runs this and writes the report.
//
// Each load is cold: a new browser context without a cache, logged in with a copied session. Chromium throttles HTTP according to the
// connection profile but does not delay the TCP handshake.
import { test, type Browser } from "@playwright/test";
import { writeFile } from "node:fs/promises";
import { setUp, start } from "./server";

interface Connection {
  name: string;
  /** Round-trip time in milliseconds. */
  latency: number;
  /** Bandwidth in megabits per second, in each direction. */
  megabits: number;
}

const CONNECTIONS: Connection[] = [
  { name: "4G", latency: 170, megabits: 9 },
  { name: "slow 4G", latency: 150, megabits: 1.6 },
];

const PAGES = [
  { name: "Home", path: "/", ready: "figure canvas" },
  { name: "Cache", path: "/cache", ready: "figure canvas" },
];

interface Load {
  connection: string;
  page: string;
  /** First contentful paint, in milliseconds after the start of the navigation. */
  painted_ms: number;
  /** The time at which the first chart was rendered. */
  ready_ms: number;
  /** The transferred size of all scripts, in bytes. */
  script_bytes: number;
  /** The transferred size of all resources, in bytes. */
  total_bytes: number;
}

type Session = Awaited<ReturnType<Awaited<ReturnType<Browser["newContext"]>>["storageState"]>>;

test("pages on throttled connections", async ({ browser }) => {
  const rounds = Number(process.env["PAINT_ROUNDS"] ?? 7);
  test.setTimeout(rounds * 60_000);
  const server = await start();
  try {
    const owner = await browser.newPage();
    await setUp(owner, server);
    const session = await owner.context().storageState();
    await owner.close();
    const loads: Load[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const connection of CONNECTIONS) {
        for (const page of PAGES) {
          loads.push(await load(browser, session, connection, server.dashboard, page));
        }
      }
    }
    await writeFile(process.env["PAINT_OUTPUT"] ?? "test-results/paint.json", JSON.stringify(loads));
  } finally {
    await server.stop();
  }
});

async function load(browser: Browser, storageState: Session, connection: Connection, dashboard: string, { name, path, ready }: (typeof PAGES)[number]): Promise<Load> {
  const context = await browser.newContext({ storageState, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  const throughput = (connection.megabits * 1_000_000) / 8;
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: connection.latency, downloadThroughput: throughput, uploadThroughput: throughput });
  let [scripts, total] = [0, 0];
  const types = new Map<string, string>();
  devtools.on("Network.responseReceived", ({ requestId, type }) => types.set(requestId, type));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    total += encodedDataLength;
    scripts += types.get(requestId) === "Script" ? encodedDataLength : 0;
  });
  await page.goto(`${dashboard}${path}`);
  await page.locator(ready).first().waitFor();
  const times = await page.evaluate(() => ({
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
    now: performance.now(),
  }));
  await context.close();
  return { connection: connection.name, page: name, painted_ms: times.painted, ready_ms: times.now, script_bytes: scripts, total_bytes: total };
}
