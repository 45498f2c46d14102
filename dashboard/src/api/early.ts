// The request for the current user that index.html sends before the scripts have loaded. All pages wait for its response, so this
// saves a round trip on each load.

declare global {
  interface Window {
    outriggerMe?: Promise<Response>;
  }
}

/** Options for the request for the current user. The first call uses the response of the early request instead of a new one. */
export function takeEarly(): { fetch?: (request: Request) => Promise<Response> } {
  const early = window.outriggerMe;
  delete window.outriggerMe;
  return early === undefined ? {} : { fetch: (request) => early.catch(() => fetch(request)) };
}
