// The lines that make a client talk to this server's cache.

export type Client = "redis-cli" | "ioredis" | "redis-py" | "http";

export const CLIENTS: { value: Client; label: string }[] = [
  { value: "redis-cli", label: "redis-cli" },
  { value: "ioredis", label: "ioredis" },
  { value: "redis-py", label: "redis-py" },
  { value: "http", label: "HTTP" },
];

/** `redis` is the address of the Redis listener, null when there is none; `server` the one of the HTTP listener. */
export function linesFor(client: Client, redis: string | null, server: string): string {
  if (client === "http") {
    return [
      `curl -X PUT "${server}/api/v1/cache/entries/greeting?ttl=60s" \\`,
      `  -H "Authorization: Bearer $OUTRIGGER_TOKEN" --data-binary "hello"`,
      `curl "${server}/api/v1/cache/entries/greeting" \\`,
      `  -H "Authorization: Bearer $OUTRIGGER_TOKEN"`,
    ].join("\n");
  }
  if (redis === null) {
    return "# The Redis listener is off: set `listen` under [redis] in outrigger.toml.";
  }
  switch (client) {
    case "redis-cli":
      return [`redis-cli -u ${redis} set greeting hello ex 60`, `redis-cli -u ${redis} get greeting`].join("\n");
    case "ioredis":
      return [
        `import Redis from "ioredis";`,
        `const cache = new Redis("${redis}");`,
        `await cache.set("greeting", "hello", "EX", 60);`,
        `console.log(await cache.get("greeting"));`,
      ].join("\n");
    case "redis-py":
      return [
        `import redis`,
        `cache = redis.Redis.from_url("${redis}")`,
        `cache.set("greeting", "hello", ex=60)`,
        `print(cache.get("greeting"))`,
      ].join("\n");
  }
}
