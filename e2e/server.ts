// The real program on free ports with a data directory of its own, and a browser that is signed in to it.
import { test as base, expect, type Page } from "@playwright/test";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** How long a start or an end may take at most, in milliseconds; both take a fraction of a second where nothing else runs. */
const PATIENCE_MS = 30_000;

const PROGRAM = resolve(process.env["OUTRIGGER_BIN"] ?? "../target/debug/outrigger");

/** What the program is told to listen on: two tests at once never want the same port. */
export const ANY_PORT = "127.0.0.1:0";

/** The owner account, as the set-up page makes it. */
export const OWNER = { email: "owner@example.com", name: "Olu Owner", password: "the float keeps the boat up 7" };

/** A running program. */
export interface Server {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The dashboard's address without a slash at the end. */
  dashboard: string;
  httpPort: number;
  redisPort: number;
  dataDir: string;
  /** The one-time link that it printed. */
  link: string;
  /** Runs a command of the program on its data directory and answers with what it prints. */
  command: (...words: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

/** What `serve --json` prints first. */
interface Banner {
  listeners: { name: string; address: string }[];
  /** Null once the owner account is set up. */
  login_link: string | null;
}

function port(banner: Banner, name: string): number {
  const listener = banner.listeners.find((listener) => listener.name === name);
  if (listener === undefined) {
    throw new Error(`it does not listen for ${name}`);
  }
  return Number(listener.address.split(":").at(-1));
}

/** Starts the program with further `key=value` settings and waits until it is ready. */
export async function start(...settings: string[]): Promise<Server> {
  // Short, because the paths of unix sockets end at 107 bytes.
  const dataDir = await mkdtemp(join(tmpdir(), "or-"));
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
      stop: () => stop(child, dataDir),
    };
  } catch (error) {
    await stop(child, dataDir);
    throw new Error(`${PROGRAM} did not start: ${String(error)}\n${printed.text}`);
  }
}

/** Opens the one-time link and sets the owner account up, as somebody does who starts for the first time. */
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

/** Logs in with a password on the login page that is open. */
export async function logIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Logs out through the menu of the account. */
export async function logOut(page: Page): Promise<void> {
  await page.locator('button[title="Account menu"]').click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
}

/** `server`: one per worker, shared by its tests. `page` is signed in to it as the owner. */
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
    const timer = setTimeout(() => failed(new Error(`nothing like ${pattern} was printed`)), PATIENCE_MS);
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
    child.once("exit", (code) => failed(new Error(`it ended with ${code}`)));
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
  throw new Error("/readyz did not answer with success");
}

async function stop(child: ChildProcess, dataDir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
  await rm(dataDir, { recursive: true, force: true });
}
