// The page of an address that the registry of pages does not list, such as the one for developers. A drawer lies over its page at
// `<page>/<kind>/<id>`: opening and closing it neither loads the page again nor moves its focus or its scroll position.

/** `/developers/parts` of `/developers/parts/boats/3`; the path itself where no drawer is open. */
export function pageOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 3 ? parts.slice(0, -2).join("/") : path;
}
