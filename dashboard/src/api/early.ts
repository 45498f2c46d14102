// The request that index.html sends before the scripts have arrived: who is signed in. Everything else waits for its response, so
// this saves a round trip on each load.

declare global {
  interface Window {
    outriggerMe?: Promise<Response>;
  }
}

/** The options of the request for the session: the response of the early request, once, instead of a new request. */
export function takeEarly(): { fetch?: (request: Request) => Promise<Response> } {
  const early = window.outriggerMe;
  delete window.outriggerMe;
  return early === undefined ? {} : { fetch: (request) => early.catch(() => fetch(request)) };
}
