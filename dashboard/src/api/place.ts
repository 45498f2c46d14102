// Where the page is mounted, and with that where the server is.
//
// Only the server knows the path prefix that a proxy put in front of it; it writes it into `<base>`, and everything else is
// derived from there.

/** The dashboard's path without a trailing slash: `/admin/production`, or the same behind a prefix. */
export function dashboardPath(base: string): string {
  return new URL(base).pathname.replace(/\/+$/, "");
}

/** The server's address without a trailing slash: two folders above the dashboard. */
export function serverAddress(base: string): string {
  return new URL("../../", base).href.replace(/\/+$/, "");
}
