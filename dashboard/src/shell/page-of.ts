// Which page an address belongs to. A drawer lies over its page at `<page>/<kind>/<id>`: opening and closing it neither loads the page
// anew nor moves its focus or its scroll position.

/** `/access` of `/access/accounts/42`; the path itself where no drawer is open. */
export function pageOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 3 ? parts.slice(0, -2).join("/") : path;
}
