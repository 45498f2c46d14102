// One request in several languages.
import type { Sample } from "../../parts/code";

export const SAMPLES: Sample[] = [
  { language: "shell", label: "Shell", code: 'curl "http://127.0.0.1:7300/api/v1/cache/entries/greeting" \\\n  -H "Authorization: Bearer $OUTRIGGER_TOKEN"' },
  { language: "node", label: "Node.js", code: 'import Redis from "ioredis";\n\nconst cache = new Redis(process.env.REDIS_URL);\nconsole.log(await cache.get("greeting"));' },
  { language: "python", label: "Python", code: 'import os, redis\n\ncache = redis.Redis.from_url(os.environ["REDIS_URL"])\nprint(cache.get("greeting"))' },
];
