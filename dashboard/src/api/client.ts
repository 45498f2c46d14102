// The client for the server's API. Its types come from the OpenAPI document, and errors are thrown as `ApiError`.
import createClient from "openapi-fetch";
import { dashboardPath, serverAddress } from "./place";
import { BACKGROUND_HEADER, watchPresence } from "./presence";
import { ApiError, problemFrom } from "./problem";
import type { paths } from "./schema";
import { SessionGate } from "./session-gate";
import type { Problem } from "./types";

/** The path of the dashboard, without a trailing slash. */
export const mount = dashboardPath(document.baseURI);

/** The URL of the server, without a trailing slash. */
export const server = serverAddress(document.baseURI);

/** Holds requests back after the session has ended, until the user logs in again. */
export const gate = new SessionGate();

const presence = watchPresence();

/** The typed client. The browser adds the session cookie, because requests go to the same origin. */
export const api = createClient<paths>({ baseUrl: server, fetch: send });

/** Sends a request. If the session has ended, sends it again after the user has logged in again. */
async function send(request: Request): Promise<Response> {
  // A `Request` can be sent only once.
  const again = request.clone();
  if (presence.isBackground(request.method, Date.now())) {
    request.headers.set(BACKGROUND_HEADER, "1");
  }
  const response = await fetch(request);
  return (await lacksSession(response)) && (await gate.refused()) ? send(again) : response;
}

/** Whether the server refused the request because of a missing session, not because of a wrong password. */
async function lacksSession(response: Response): Promise<boolean> {
  if (response.status !== 401) {
    return false;
  }
  const problem = (await response.clone().json().catch(() => null)) as Partial<Problem> | null;
  return problem?.code === "unauthenticated";
}

/** Returns the body of a successful response; throws `ApiError` otherwise. */
export async function answer<Data>(
  request: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await request;
  if (!response.ok) {
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    const waitMs = Number.isFinite(seconds) ? seconds * 1000 : 0;
    throw new ApiError(response.status, problemFrom(response.status, error), waitMs);
  }
  return data as Data;
}
