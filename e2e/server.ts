// Runs the real binary on free ports with its own data directory, and a browser that is logged in.
import { test as base, expect, type Page } from "@playwright/test";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** The maximum time for startup and shutdown, in milliseconds. Both take a fraction of a second on an idle machine. */
const PATIENCE_MS = 30_000;

const PROGRAM = resolve(process.env["OUTRIGGER_BIN"] ?? "../target/debug/outrigger");

/** The listen address. Port 0 picks a free port, so that concurrent tests never conflict. */
export const ANY_PORT = "127.0.0.1:0";

/** The owner account, as created on the set-up page. */
export const OWNER = { email: "owner@example.com", name: "Olu Owner", password: "the float keeps the boat up 7" };

/** A running server. */
export interface Server {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The URL of the dashboard, without a trailing slash. */
  dashboard: string;
  httpPort: number;
  redisPort: number;
  dataDir: string;
  /** The printed one-time login link. */
  link: string;
  /** Runs a command of the binary on the server's data directory and returns its output. */
  command: (...words: string[]) => Promise<string>;
  /** Stops the server and starts it again on the same data directory and with the same settings, but on other ports. */
  restart: () => Promise<Server>;
  /** Stops the server and deletes its data directory. */
  stop: () => Promise<void>;
}

/** The first line of `serve --json`. */
interface Banner {
  listeners: { name: string; address: string }[];
  /** Null after the owner account has been set up. */
  login_link: string | null;
}

function port(banner: Banner, name: string): number {
  const listener = banner.listeners.find((listener) => listener.name === name);
  if (listener === undefined) {
    throw new Error(`there is no listener ${name}`);
  }
  return Number(listener.address.split(":").at(-1));
}

/** Starts the server with additional `key=value` settings and waits until it is ready. */
export async function start(...settings: string[]): Promise<Server> {
  // The path is short because Unix socket paths are limited to 107 bytes.
  return startOn(await mkdtemp(join(tmpdir(), "or-")), settings);
}

async function startOn(dataDir: string, settings: readonly string[]): Promise<Server> {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OUTRIGGER_")));
  const all = [`http.listen=${ANY_PORT}`, `redis.listen=${ANY_PORT}`, ...settings];
  const words = ["--data-dir", dataDir, "serve", "--json", ...all.flatMap((setting) => ["--set", setting])];
  const child = spawn(PROGRAM, words, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const printed = collect(child);
  try {
    const banner: Banner = JSON.parse(await firstMatch(child, printed, /^\{.*\}$/m));
    const [httpPort, redisPort] = [port(banner, "http"), port(banner, "redis")];
    const url = `http://127.0.0.1:${httpPort}`;
    await ready(url, child);
    return {
      url, httpPort, redisPort, dataDir,
      link: banner.login_link!,
      dashboard: `${url}/admin/production`,
      command: async (...words) => (await promisify(execFile)(PROGRAM, ["--data-dir", dataDir, ...words], { env: environment })).stdout,
      restart: async () => {
        await end(child);
        return startOn(dataDir, settings);
      },
      stop: () => stop(child, dataDir),
    };
  } catch (error) {
    await stop(child, dataDir);
    throw new Error(`${PROGRAM} did not start: ${String(error)}\n${printed.text}`);
  }
}

/** Opens the one-time link and sets up the owner account. */
export async function setUp(page: Page, server: Server): Promise<void> {
  await page.goto(server.link);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "Set up your account" })).toBeVisible();
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Name").fill(OWNER.name);
  await page.getByLabel("Password", { exact: true }).fill(OWNER.password);
  await page.getByRole("button", { name: "Save and continue" }).click();
  await expect(page.getByRole("region", { name: "State" })).toBeVisible();
}

/** Logs in with a password. The login page must be open. */
export async function logIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Logs out with the account menu. */
export async function logOut(page: Page): Promise<void> {
  await page.locator('button[title="Account menu"]').click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
}

/** `server` runs once per worker and is shared by its tests. `page` is logged in as the owner. */
export const test = base.extend<{ storageState: Awaited<ReturnType<typeof session>> }, { server: Server; owner: Awaited<ReturnType<typeof session>> }>({
  server: [
    async ({}, use) => {
      const server = await start();
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: PATIENCE_MS * 2 },
  ],
  owner: [
    async ({ browser, server }, use) => {
      const page = await browser.newPage({ storageState: undefined });
      await setUp(page, server);
      await use(await session(page));
      await page.close();
    },
    { scope: "worker", timeout: PATIENCE_MS * 2 },
  ],
  storageState: async ({ owner }, use) => use(owner),
});

export { expect } from "@playwright/test";

function session(page: Page) {
  return page.context().storageState();
}

function collect(child: ChildProcess): { text: string } {
  const printed = { text: "" };
  const keep = (piece: Buffer) => {
    printed.text += piece.toString("utf8");
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return printed;
}

function firstMatch(child: ChildProcess, printed: { text: string }, pattern: RegExp): Promise<string> {
  return new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`the output does not match ${pattern}`)), PATIENCE_MS);
    const look = () => {
      const match = pattern.exec(printed.text);
      if (match !== null) {
        clearTimeout(timer);
        found(match[0]);
      }
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the server exited with ${code}`)));
  });
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (child.exitCode === null && Date.now() < end) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) {
      return;
    }
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error("/readyz did not return success");
}

async function stop(child: ChildProcess, dataDir: string): Promise<void> {
  await end(child);
  await rm(dataDir, { recursive: true, force: true });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
}
