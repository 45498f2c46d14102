// The page Jobs, with jobs that are added and run over the HTTP API.
import type { Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll } from "./audit";
import { settled } from "./pages";
import { expect, test, type Server } from "./server";

test.describe.configure({ mode: "serial" });

/** An application and a worker in one: a client of the HTTP API. */
interface Client {
  post: <Answer>(path: string, body?: object) => Promise<Answer>;
  get: <Answer>(path: string) => Promise<Answer>;
}

interface Added {
  id: string;
}

interface Leases {
  leases: { id: string; lease: string }[];
}

const SESSION = "e2e-worker";
const ERROR = "ValueError: the month is missing\n  at report.py:7";

async function clientOf(server: Server): Promise<Client> {
  const create = ["token", "create", "--name", "e2e jobs", "--scope", "jobs:write", "--scope", "jobs:work"];
  const token = (await server.command(...create)).trim();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  async function send<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${server.url}/api/v1/jobs${path}`, { ...init, headers });
    expect(response.ok, `${path}: ${response.status}`).toBe(true);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }
  return {
    post: (path, body = {}) => send(path, { method: "POST", body: JSON.stringify(body) }),
    get: (path) => send(path, {}),
  };
}

/** Leases the only job of a queue and fails it for good. */
async function fail(client: Client, queue: string): Promise<void> {
  const { leases } = await client.post<Leases>("/lease", { session: SESSION, queues: [queue] });
  expect(leases).toHaveLength(1);
  const { id, lease } = leases[0]!;
  await client.post(`/${id}/log`, { lease, lines: ["reading the month"] });
  await client.post("/settle", { results: [{ id, lease, outcome: "fail", permanent: true, error: ERROR }] });
}

const row = (page: Page, id: string) => page.locator(`[data-row="${id}"]`);
const drawer = (page: Page) => page.getByRole("dialog");
const toast = (page: Page) => page.getByRole("region", { name: "Notifications" }).getByRole("listitem");
const queueRow = (page: Page, queue: string) => page.getByRole("group", { name: "Queues", exact: true }).getByRole("row").filter({ hasText: queue });

test("without jobs, the page shows the lines that add one and run a worker", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/jobs`);

  await expect(page.getByRole("heading", { name: "No jobs yet" })).toBeVisible();
  await expect(page.getByRole("group", { name: "Add a job", exact: true })).toContainText(`curl ${server.url}/api/v1/jobs`);
  await expect(page.getByRole("group", { name: "Run a worker", exact: true })).toContainText(`${server.url}/api/v1/jobs`);
});

test("a job appears without a reload, and its error is in the drawer after it failed", async ({ page, server }) => {
  const client = await clientOf(server);
  await page.goto(`${server.dashboard}/jobs`);
  await settled(page);

  const { id } = await client.post<Added>("", { class: "report.build", queue: "reports", payload: { month: null }, tags: ["shop"] });
  await expect(row(page, id)).toContainText("pending");
  await fail(client, "reports");
  await expect(row(page, id)).toContainText("failed");
  await expect(row(page, id)).toContainText("ValueError: the month is missing");

  await row(page, id).getByRole("link", { name: "report.build" }).click();

  await expect(page).toHaveURL(`${server.dashboard}/jobs?job=${id}`);
  await expect(drawer(page)).toContainText("at report.py:7");
  await expect(drawer(page).getByRole("group", { name: "Payload", exact: true })).toContainText('"month": null');
  await expect(drawer(page).getByRole("group", { name: "Attempts", exact: true })).toContainText("Attempt 1 failed");
  await expect(drawer(page).getByRole("group", { name: "Attempts", exact: true })).toContainText(SESSION);
  await expect(drawer(page).getByRole("group", { name: "Log", exact: true })).toContainText("reading the month");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(`${server.dashboard}/jobs`);
});

test("a failed job can be retried from its drawer, and the toast undoes it", async ({ page, server }) => {
  const client = await clientOf(server);
  const { items } = await client.get<{ items: Added[] }>("?queue=reports");
  const { id } = items[0]!;
  await page.goto(`${server.dashboard}/jobs?job=${id}`);

  await drawer(page).getByRole("button", { name: "Retry" }).click();

  await expect(toast(page)).toContainText("report.build is pending again.");
  await expect(drawer(page)).toContainText("pending");
  await toast(page).getByRole("button", { name: /^Undo/ }).click();
  await expect(drawer(page)).toContainText("cancelled");
  await drawer(page).getByRole("button", { name: "Retry" }).click();
  await expect(drawer(page).getByRole("button", { name: "Cancel" })).toBeVisible();
});

test("cancelling a scheduled job asks for confirmation", async ({ page, server }) => {
  const client = await clientOf(server);
  const { id } = await client.post<Added>("", { class: "mail.send", queue: "mail", delay: "1h" });
  await page.goto(`${server.dashboard}/jobs?queue=mail`);

  await row(page, id).getByRole("button", { name: `Actions for mail.send ${id}` }).click();
  await page.getByRole("menuitem", { name: "Cancel…" }).click();
  await expect(page.getByRole("dialog", { name: "Cancel mail.send?" }).getByRole("button", { name: "Keep it" })).toBeFocused();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the job" }).click();

  await expect(row(page, id)).toContainText("cancelled");
});

test("a paused queue gives no jobs, and the toast resumes it", async ({ page, server }) => {
  const client = await clientOf(server);
  await page.goto(`${server.dashboard}/jobs`);
  const lease = () => client.post<Leases>("/lease", { session: SESSION, queues: ["reports"] });

  await queueRow(page, "reports").getByRole("button", { name: "Pause reports" }).click();
  await expect(queueRow(page, "reports")).toContainText("paused");
  expect((await lease()).leases).toEqual([]);

  await toast(page).getByRole("button", { name: /^Undo/ }).click();
  await expect(queueRow(page, "reports")).toContainText("active");
  expect((await lease()).leases).toHaveLength(1);

  await queueRow(page, "reports").getByRole("button", { name: "Pause reports" }).click();
  await queueRow(page, "reports").getByRole("button", { name: "Resume reports" }).click();
  await expect(queueRow(page, "reports")).toContainText("active");
});

test("the filters are in the URL, and a name that is not valid can be cleared", async ({ page, server }) => {
  await page.goto(`${server.dashboard}/jobs?state=cancelled`);
  await expect(page.getByText("1 job", { exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "mail.send" })).toBeVisible();

  await page.goto(`${server.dashboard}/jobs?queue=not%20valid`);
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(page.getByText("2 jobs", { exact: true })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the list and the drawer with an error are accessible in the ${colorScheme} theme`, async ({ page, server }) => {
    const client = await clientOf(server);
    const { id } = await client.post<Added>("", { class: "invoice.export", queue: `invoices-${colorScheme}` });
    await fail(client, `invoices-${colorScheme}`);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });

    await page.goto(`${server.dashboard}/jobs`);
    await expect(row(page, id)).toBeVisible();
    await expectAccessible(page, "the list of jobs");
    await page.goto(`${server.dashboard}/jobs?job=${id}`);
    await expect(drawer(page)).toContainText("at report.py:7");
    await expectAccessible(page, "the drawer of a failed job");
  });
}

test("at 360 pixels, jobs are cards and nothing scrolls sideways", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${server.dashboard}/jobs`);
  await settled(page);

  await expect(page.locator("[data-row]").first()).toContainText("Last error");
  await expectNoSidewaysScroll(page, "the list of jobs");
  await page.locator("[data-row]").getByRole("link", { name: "invoice.export" }).first().click();
  await expect(drawer(page)).toContainText("at report.py:7");
  await expectNoSidewaysScroll(page, "the drawer of a job");
});
