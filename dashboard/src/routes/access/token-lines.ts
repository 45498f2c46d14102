// The lines that a new token is used with, with this server's addresses in them.
import { may } from "../../api/scopes";
import type { Sample } from "../../parts/code";

interface Addresses {
  /** The HTTP address, without a slash at the end. */
  server: string;
  /** The address of the Redis port; null where there is none. */
  redis: string | null;
}

/** A path that each scope may read, the first that fits is the example. */
const READABLE: [scope: string, path: string][] = [
  ["cache:read", "/api/v1/cache/stats"],
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
  // The Redis port takes only tokens that may do everything with the cache.
  if (redis === null || !may(token, "cache:*")) {
    return [http];
  }
  return [{ language: "redis", label: "Redis", code: `REDIS_URL=${redis.replace("://", `://:${token.token}@`)}` }, http];
}
