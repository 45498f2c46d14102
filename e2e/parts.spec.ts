// The components of the dashboard, on the page Parts with sample data.
import type { Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { expectAccessible, expectNoSidewaysScroll, watch } from "./audit";
import { expect, test, type Server } from "./server";

const PARTS = "/developers/parts";

async function open(page: Page, server: Server, rest = ""): Promise<void> {
  await page.goto(`${server.dashboard}${PARTS}${rest}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeAttached();
}

function toasts(page: Page) {
  return page.getByRole("region", { name: "Notifications" }).getByRole("listitem");
}

function row(page: Page, name: string) {
  return page.locator("[data-row]").filter({ has: page.getByRole("link", { name, exact: true }) });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 360]) {
    test(`the parts are accessible and fit at ${width} pixels in the ${colorScheme} theme`, async ({ page, server }) => {
      test.setTimeout(120_000);
      const { complaints } = watch(page, server.url);
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const rest of ["", "?scene=empty", "?scene=loading", "?scene=failed", "?q=nothing+like+it", "?state=sunk&sort=-length", "/jobs/1"]) {
        await open(page, server, rest);
        await expectAccessible(page, rest);
        await expectNoSidewaysScroll(page, rest);
      }

      await open(page, server, "/boats/2");
      await expect(page.getByRole("dialog", { name: "Ama 2" })).toBeVisible();
      await expectAccessible(page, "the drawer");
      await expectNoSidewaysScroll(page, "the drawer");

      await open(page, server);
      await page.getByRole("button", { name: "Actions for Ama 2", exact: true }).click();
      await expect(page.getByRole("menuitem", { name: "Sink…" })).toBeVisible();
      await expectAccessible(page, "the menu of a row");
      await page.keyboard.press("Escape");
      await page.getByRole("search").getByRole("button", { name: "Harbor", exact: true }).click();
      await expect(page.getByRole("button", { name: "Papeete" })).toBeVisible();
      await expectAccessible(page, "the values of a filter");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Toast with Undo" }).click();
      await page.getByRole("button", { name: "Type the name…" }).click();
      await expect(page.getByRole("dialog", { name: "Delete the project shop?" })).toBeVisible();
      await expectAccessible(page, "a dialog and a toast");
      await expectNoSidewaysScroll(page, "a dialog and a toast");
      expect(complaints).toEqual([]);
    });
  }
}

test("a dialog has no second banner or main landmark", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("button", { name: "Ask…", exact: true }).click();

  await expect(page.getByRole("dialog", { name: "Revoke “deploy”?" })).toBeVisible();
  await expect(page.locator('[role="dialog"] header, [role="dialog"] main')).toHaveCount(0);
});

test("a table sorts, searches and filters, and the URL contains its state", async ({ page, server }) => {
  await open(page, server);
  const first = page.locator("[data-row]").first();

  await page.getByRole("button", { name: "Length, m" }).click();
  await expect(first).toContainText("18.5");
  await expect(page.getByRole("columnheader", { name: "Length, m" })).toHaveAttribute("aria-sort", "descending");
  await page.getByRole("search").getByRole("button", { name: "State" }).click();
  await page.getByRole("button", { name: "sunk", exact: true }).click();
  await page.getByRole("searchbox", { name: "Search boats" }).fill("papeete");

  const url = new URL(page.url());
  expect(Object.fromEntries(url.searchParams)).toEqual({ sort: "-length", state: "sunk", q: "papeete" });
  await expect(first).toContainText("Papeete");
  await expect(first).toContainText("sunk");
  const shown = await page.locator("[data-row]").count();
  await page.reload();
  await expect(page.locator("[data-row]")).toHaveCount(shown);
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(page.locator("[data-row]")).toHaveCount(28);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(page.locator("[data-row]")).toHaveCount(40);
  await expect(page.getByText("40 boats", { exact: true })).toBeVisible();
});

test("a filter accepts a value that no loaded row has", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("search").getByRole("button", { name: "Harbor", exact: true }).click();
  await page.getByRole("textbox", { name: "Harbor" }).fill("Nuku");
  await page.keyboard.press("Enter");

  await expect(page).toHaveURL(/harbour=Nuku/);
  await expect(page.getByText("No boat matches among those loaded.")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter Harbor" }).click();
  await expect(page.locator("[data-row]")).toHaveCount(28);
});

test("the keyboard moves between rows, selects and opens rows, and returns to the table", async ({ page, server }) => {
  await open(page, server);
  await expect(row(page, "Vaka 1")).toBeVisible();
  for (const key of ["j", "j", "x", "j", "k", "k"]) {
    await page.keyboard.press(key);
  }
  await expect(row(page, "Vaka 1")).toBeFocused();
  await expect(row(page, "Ama 2").getByRole("checkbox")).toBeChecked();
  await expect(page.getByRole("group", { name: "Selected boats" })).toContainText("1 selected");

  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Ama 2" })).toBeVisible();
  await expect(page).toHaveURL(`${server.dashboard}${PARTS}/boats/2`);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page).toHaveURL(`${server.dashboard}${PARTS}`);
  await expect(row(page, "Ama 2")).toBeFocused();
});

test("the Back button closes a drawer and returns the focus to its link", async ({ page, server }) => {
  await open(page, server);
  const link = page.getByRole("link", { name: "Proa 3", exact: true });
  await link.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Proa 3" })).toBeVisible();

  await page.goBack();

  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(link).toBeFocused();
});

test("closing a drawer that was opened by its URL shows the list", async ({ page, server }) => {
  await open(page, server, "/boats/2");
  await page.getByRole("dialog", { name: "Ama 2" }).getByRole("button", { name: "Close" }).click();

  await expect(page).toHaveURL(`${server.dashboard}${PARTS}`);
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("an action on several rows asks for confirmation and keeps the focus", async ({ page, server }) => {
  await open(page, server);
  await row(page, "Vaka 1").getByRole("checkbox").check();
  await row(page, "Ama 2").getByRole("checkbox").check();
  await page.getByRole("group", { name: "Selected boats" }).getByRole("button", { name: "Sink…" }).click();
  const dialog = page.getByRole("dialog", { name: "Sink 2 boats?" });
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await dialog.getByRole("button", { name: "Sink 2 boats" }).click();

  await expect(row(page, "Vaka 1")).toHaveCount(0);
  await expect(toasts(page)).toContainText("2 boats are sunk.");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.getByRole("main")).toBeFocused();
});

test("the menu of a row works with the keyboard, and a toast undoes its action", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("button", { name: "Actions for Vaka 1", exact: true }).focus();
  await page.keyboard.press("Enter");
  const repair = page.getByRole("menuitem", { name: "Repair" });
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await repair.press("Enter");
  await expect(row(page, "Vaka 1")).toContainText("in repair");
  await expect(page.getByRole("status").filter({ hasText: "Vaka 1 is in repair. Press F8 to undo." })).toBeAttached();

  await page.keyboard.press("F8");
  await expect(toasts(page).getByRole("button", { name: "Undo: Vaka 1 is in repair." })).toBeFocused();
  await page.keyboard.press("Enter");

  await expect(row(page, "Vaka 1")).toContainText("afloat");
  await expect(toasts(page)).toHaveCount(1);
  await expect(toasts(page)).toContainText("Undone.");
  await expect(page.getByRole("button", { name: "Actions for Vaka 1", exact: true })).toBeFocused();
});

test("at most three toasts are visible, and they disappear unless hovered", async ({ page, server }) => {
  await page.clock.install();
  await open(page, server);
  for (let shown = 0; shown < 4; shown += 1) {
    await page.getByRole("button", { name: "Toast", exact: true }).click();
  }
  await expect(toasts(page)).toHaveCount(3);

  await toasts(page).last().hover();
  await page.clock.runFor(20_000);
  await expect(toasts(page)).toHaveCount(1);
  await page.mouse.move(900, 20);
  await page.clock.runFor(20_000);
  await expect(toasts(page)).toHaveCount(0);
});

test("a failed Undo shows an error", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("button", { name: "Toast whose Undo fails" }).click();
  await toasts(page).getByRole("button", { name: /^Undo/ }).click();

  await expect(toasts(page)).toContainText("This could not be undone.");
});

test("the red button is disabled until the user types the name", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("button", { name: "Type the name…" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete the project shop?" });
  await expect(dialog.getByRole("textbox", { name: "Type shop to confirm" })).toBeFocused();
  await page.keyboard.type("sho");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("button", { name: "Delete shop" })).toBeDisabled();

  await page.keyboard.type("p");
  await page.keyboard.press("Enter");

  await expect(toasts(page)).toContainText("Project shop deleted.");
  await expect(page.getByRole("button", { name: "Type the name…" })).toBeFocused();
});

test("a failed dialog stays open with an error, and a click outside does not close a dialog with typed text", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("button", { name: "Ask, and fail…" }).click();
  await page.getByRole("button", { name: "Restart the worker" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
  await page.mouse.click(5, 5);
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.getByRole("button", { name: "Type the name…" }).click();
  await page.getByRole("textbox", { name: "Type shop to confirm" }).fill("sh");
  await page.mouse.click(5, 5);
  await expect(page.getByRole("textbox", { name: "Type shop to confirm" })).toHaveValue("sh");
});

test("the CSV export contains the visible rows without formulas", async ({ page, server }) => {
  await open(page, server, "?harbour=Suva");
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export CSV" }).click();
  const download = await waiting;

  expect(download.suggestedFilename()).toBe("boats.csv");
  const lines = (await readFile(await download.path(), "utf8")).split("\r\n");
  expect(lines[0]).toBe('\uFEFFName,State,Harbor,"Length, m",Crew,Built');
  expect(lines.slice(1, -1).every((line) => line.includes(",Suva,"))).toBe(true);
  expect(lines.join("\n")).toContain("\n'=SUM(A1) 11,");
  expect(lines).toHaveLength((await page.locator("[data-row]").count()) + 2);
});

test("a language chosen in one code block applies to all blocks and after a reload", async ({ page, server }) => {
  await open(page, server);
  await page.getByRole("radio", { name: "Python" }).first().check({ force: true });
  await expect(page.getByRole("group", { name: "Write the first entry", exact: true })).toContainText("import os, redis");

  await page.reload();

  await expect(page.getByRole("group", { name: "Read an entry", exact: true })).toContainText("import os, redis");
});

test("a narrow window shows cards with large touch targets", async ({ browser, server, owner }) => {
  const context = await browser.newContext({ storageState: owner, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await open(page, server);

  const card = row(page, "Ama 2");
  await expect(card).toContainText("Papeete");
  await expect(page.getByRole("table")).toHaveCount(0);
  for (const target of [card.getByRole("link"), card.getByRole("button"), page.getByRole("button", { name: "Load more" })]) {
    expect((await target.boundingBox())!.height).toBeGreaterThanOrEqual(44);
  }
  await context.close();
});
