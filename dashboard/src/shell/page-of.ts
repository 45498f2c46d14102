// The page of a URL that the registry of pages does not contain, such as the page for developers. A drawer has a URL below its page,
// `<page>/<kind>/<id>`, so that opening and closing it does not reload the page or move its focus or scroll position.

/** Returns `/developers/parts` for `/developers/parts/boats/3`, or the path itself if no drawer is open. */
export function pageOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 3 ? parts.slice(0, -2).join("/") : path;
}
