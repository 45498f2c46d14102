// The dashboard behind a proxy with a path prefix: one proxy keeps the prefix, the other strips it.
import { expect, test } from "@playwright/test";
import { watch } from "./audit";
import { proxy, type Manner } from "./proxy";
import { logIn, logOut, OWNER, setUp, start } from "./server";

const PREFIX = "/ops";

for (const manner of ["keeps", "strips"] satisfies Manner[]) {
  test(`everything works behind a proxy that ${manner} its prefix`, async ({ page }) => {
    test.setTimeout(120_000);
    const front = await proxy(PREFIX, manner);
    const server = await start(`http.public_url=${front.origin}${PREFIX}`);
    front.target = server.httpPort;
    const dashboard = `${front.origin}${PREFIX}/admin/production`;
    const { complaints } = watch(page, front.origin);
    try {
      expect(server.link).toContain(`${dashboard}/login/link#`);
      await setUp(page, server);
      await expect(page).toHaveURL(`${dashboard}/`);
      await page.waitForRequest((request) => request.url().startsWith(`${front.origin}${PREFIX}/api/v1/status/history?since=`));

      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Cache" }).click();
      await expect(page).toHaveURL(`${dashboard}/cache`);
      await expect(page.getByText(`${front.origin}${PREFIX}/api/v1/cache`)).toHaveCount(0);
      await page.getByRole("radio", { name: "HTTP" }).check({ force: true });
      await expect(page.getByText(`${front.origin}${PREFIX}/api/v1/cache`).first()).toBeVisible();

      await page.goto(`${dashboard}/configuration?q=public_url`);
      await expect(page.getByRole("heading", { name: "http.public_url", exact: true })).toBeVisible();

      await logOut(page);
      await expect(page).toHaveURL(new RegExp(`^${dashboard}/login`));
      await page.goto(`${front.origin}${PREFIX}/`);
      await expect(page).toHaveURL(`${dashboard}/login`);
      await logIn(page, OWNER.email, OWNER.password);
      await expect(page.getByRole("region", { name: "State" })).toBeVisible();

      expect(front.strays).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await server.stop();
      await front.close();
    }
  });
}
