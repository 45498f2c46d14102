// Examples that use a new token, with this server's URLs.
import { may } from "../../api/scopes";
import type { Sample } from "../../parts/code";

interface Addresses {
  /** The HTTP URL, without a trailing slash. */
  server: string;
  /** The URL of the Redis listener; null if it is off. */
  redis: string | null;
}

/** A path for each scope that may read it. The first scope that the token has determines the example. */
const READABLE: [scope: string, path: string][] = [
  ["cache:read", "/api/v1/cache/stats"],
  ["jobs:read", "/api/v1/jobs/stats"],
  ["server:read", "/api/v1/status"],
  ["config:read", "/api/v1/config"],
  ["metrics:read", "/metrics"],
  ["access:read", "/api/v1/access/accounts"],
];

export function tokenLines(token: { token: string; scopes: string[] }, { server, redis }: Addresses): Sample[] {
  const path = READABLE.find(([scope]) => may(token, scope))?.[1] ?? "/api/v1/access/me";
  const http: Sample = {
    language: "shell",
    label: "HTTP",
    code: `export OUTRIGGER_TOKEN=${token.token}\ncurl -H "Authorization: Bearer $OUTRIGGER_TOKEN" ${server}${path}`,
  };
  // The Redis listener accepts only tokens with the scope `cache:*`.
  if (redis === null || !may(token, "cache:*")) {
    return [http];
  }
  return [{ language: "redis", label: "Redis", code: `REDIS_URL=${redis.replace("://", `://:${token.token}@`)}` }, http];
}
