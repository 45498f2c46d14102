// The path of the dashboard and the URL of the server.
//
// Only the server knows the path prefix of a proxy. It writes the prefix into `<base>`, and all other URLs are derived from there.

/** The dashboard's path without a trailing slash: `/admin/production`, or the same behind a prefix. */
export function dashboardPath(base: string): string {
  return new URL(base).pathname.replace(/\/+$/, "");
}

/** The server's URL without a trailing slash: two folders above the dashboard. */
export function serverAddress(base: string): string {
  return new URL("../../", base).href.replace(/\/+$/, "");
}
