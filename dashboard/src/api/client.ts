// The one door to the server: typed by its OpenAPI document, errors thrown as `ApiError`.
import createClient from "openapi-fetch";
import { dashboardPath, serverAddress } from "./place";
import { BACKGROUND_HEADER, watchPresence } from "./presence";
import { ApiError, problemFrom } from "./problem";
import type { paths } from "./schema";
import { SessionGate } from "./session-gate";
import type { Problem } from "./types";

/** Where the dashboard is mounted. */
export const mount = dashboardPath(document.baseURI);

/** The server's address. */
export const server = serverAddress(document.baseURI);

/** Where requests wait when the session has ended. */
export const gate = new SessionGate();

const presence = watchPresence();

/** The typed client. The session cookie goes with every request to the same origin. */
export const api = createClient<paths>({ baseUrl: server, fetch: send });

/** Sends a request, and sends it again after somebody has signed in again when the session had ended. */
async function send(request: Request): Promise<Response> {
  // A request can be sent only once.
  const again = request.clone();
  if (presence.isBackground(request.method, Date.now())) {
    request.headers.set(BACKGROUND_HEADER, "1");
  }
  const response = await fetch(request);
  return (await lacksSession(response)) && (await gate.refused()) ? send(again) : response;
}

/** Whether the server refused for want of a session, rather than for a wrong password. */
async function lacksSession(response: Response): Promise<boolean> {
  if (response.status !== 401) {
    return false;
  }
  const problem = (await response.clone().json().catch(() => null)) as Partial<Problem> | null;
  return problem?.code === "unauthenticated";
}

/** The answer's body, or the problem thrown. */
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
