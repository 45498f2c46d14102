// Checks for every page: no axe violations, no sideways scrolling, no requests to other hosts.
import { expect, type Page } from "@playwright/test";
import axe, { type AxeResults } from "axe-core";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Fails if axe finds violations of WCAG 2.2 AA in the current state of the page. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  // Evaluated by the debugger, to which the content security policy does not apply.
  await page.evaluate(axe.source);
  const results = await page.evaluate(
    (rules) => (window as unknown as { axe: { run: (root: Document, options: object) => Promise<AxeResults> } }).axe.run(document, { runOnly: rules }),
    RULES,
  );
  const found = results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html}\n    ${node.failureSummary ?? ""}`).join("\n  ")}`);
  expect(found, `axe on ${what}`).toEqual([]);
}

/** Fails if the page scrolls sideways. */
export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(excess, `pixels too wide: ${what}`).toBeLessThanOrEqual(0);
}

/** Records violations of the content security policy, exceptions, and requests to other hosts. */
export function watch(page: Page, origin: string): { complaints: string[] } {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`threw: ${error.message}`));
  page.on("console", (message) => {
    if (/content security policy|refused to/i.test(message.text())) {
      complaints.push(`policy: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") {
      complaints.push(`asked ${request.url()}`);
    }
  });
  return { complaints };
}
