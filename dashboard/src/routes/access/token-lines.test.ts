import { expect, test } from "vitest";
import { tokenLines } from "./token-lines";

const ADDRESSES = { server: "https://shop.example.com/outrigger", redis: "redis://127.0.0.1:7379" };
const token = (...scopes: string[]) => ({ token: "otr_secret", scopes });

test("a token with the scope cache:* is the Redis password", () => {
  const [redis, http] = tokenLines(token("cache:*"), ADDRESSES);

  expect(redis?.code).toBe("REDIS_URL=redis://:otr_secret@127.0.0.1:7379");
  expect(http?.code).toBe(
    'export OUTRIGGER_TOKEN=otr_secret\ncurl -H "Authorization: Bearer $OUTRIGGER_TOKEN" https://shop.example.com/outrigger/api/v1/cache/stats',
  );
});

test("without the Redis listener or the scope cache:*, there are only lines for HTTP", () => {
  expect(tokenLines(token("cache:*"), { ...ADDRESSES, redis: null })).toHaveLength(1);
  expect(tokenLines(token("cache:write"), ADDRESSES)).toHaveLength(1);
});

test("the example requests a path that the token may read", () => {
  expect(tokenLines(token("metrics:read"), ADDRESSES)[0]?.code).toContain("/metrics");
  expect(tokenLines(token("access:write"), ADDRESSES)[0]?.code).toContain("/api/v1/access/accounts");
  expect(tokenLines(token("jobs:write"), ADDRESSES)[0]?.code).toContain("/api/v1/jobs/stats");
  expect(tokenLines(token("jobs:work"), ADDRESSES)[0]?.code).toContain("/api/v1/access/me");
});
