// Examples that write and read a value in this server's cache, one per client.
import type { Sample } from "../../parts/code";

/** `redis` is the URL of the Redis listener, or null if it is off. `server` is the URL of the HTTP listener. */
export function samplesFor(redis: string | null, server: string): Sample[] {
  const http: Sample = {
    language: "http",
    label: "HTTP",
    code: [
      `curl -X PUT "${server}/api/v1/cache/entries/greeting?ttl=60s" \\`,
      `  -H "Authorization: Bearer $OUTRIGGER_TOKEN" --data-binary "hello"`,
      `curl "${server}/api/v1/cache/entries/greeting" \\`,
      `  -H "Authorization: Bearer $OUTRIGGER_TOKEN"`,
    ].join("\n"),
  };
  return redis === null ? [http] : [...redisSamples(redis), http];
}

function redisSamples(redis: string): Sample[] {
  const { hostname, port } = new URL(redis.replace(/^rediss?:/, "http:"));
  return [
    { language: "shell", label: "redis-cli", code: [`redis-cli -u ${redis} set greeting hello ex 60`, `redis-cli -u ${redis} get greeting`].join("\n") },
    {
      language: "node",
      label: "Node",
      code: [
        `import Redis from "ioredis";`,
        `const cache = new Redis("${redis}");`,
        `await cache.set("greeting", "hello", "EX", 60);`,
        `console.log(await cache.get("greeting"));`,
      ].join("\n"),
    },
    {
      language: "python",
      label: "Python",
      code: [
        `import redis`,
        `cache = redis.Redis.from_url("${redis}")`,
        `cache.set("greeting", "hello", ex=60)`,
        `print(cache.get("greeting"))`,
      ].join("\n"),
    },
    {
      language: "php",
      label: "PHP",
      code: [
        `$cache = new Redis();`,
        `$cache->connect("${hostname}", ${port === "" ? 6379 : port});`,
        `$cache->set("greeting", "hello", ["EX" => 60]);`,
        `echo $cache->get("greeting");`,
      ].join("\n"),
    },
    {
      language: "ruby",
      label: "Ruby",
      code: [
        `require "redis"`,
        `cache = Redis.new(url: "${redis}")`,
        `cache.set("greeting", "hello", ex: 60)`,
        `puts cache.get("greeting")`,
      ].join("\n"),
    },
  ];
}
