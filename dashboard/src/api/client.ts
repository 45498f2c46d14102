// The one door to the server: typed by its OpenAPI document, errors thrown as `ApiError`.
import createClient from "openapi-fetch";
import { dashboardPath, serverAddress } from "./place";
import { ApiError, problemFrom } from "./problem";
import type { paths } from "./schema";

/** Where the dashboard is mounted. */
export const mount = dashboardPath(document.baseURI);

/** The server's address. */
export const server = serverAddress(document.baseURI);

/** The typed client. The session cookie goes with every request to the same origin. */
export const api = createClient<paths>({ baseUrl: server });

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
