// Generated activity for screenshots of the dashboard: an application that uses several databases, accounts, tokens and events. All
// activity uses the same interfaces as real clients.
import { RedisPort } from "./resp";
import type { Server } from "./server";

/** How an application uses a database. */
interface Use {
  database: number;
  prefix: string;
  /** The number of different keys. */
  keys: number;
  /** The size of a value in bytes. */
  size: number;
  /** Reads per tick. */
  reads: number;
  /** The time to live of a value, in seconds. */
  ttl: number;
}

const USES: Use[] = [
  { database: 0, prefix: "page:", keys: 700, size: 2400, reads: 14, ttl: 300 },
  { database: 1, prefix: "session:", keys: 2500, size: 350, reads: 9, ttl: 1800 },
  { database: 2, prefix: "rate:", keys: 400, size: 12, reads: 6, ttl: 20 },
  { database: 5, prefix: "report:", keys: 40, size: 30_000, reads: 1, ttl: 120 },
];

const TICK_MS = 50;

/** Page fragments, cached over HTTP. */
const FRAGMENTS = 200;
const HTTP_TICK_MS = 100;

/** Generates cache traffic until the returned function is called. */
export async function keepBusy(server: Server): Promise<() => Promise<void>> {
  const ports = await Promise.all(USES.map(() => RedisPort.open(server.redisPort)));
  await Promise.all(USES.map(({ database }, index) => ports[index]!.send("SELECT", String(database))));
  const token = (await server.command("token", "create", "--name", "shop pages", "--scope", "cache:write")).trim();
  let isBusy = true;
  async function repeat(act: () => Promise<void>, pause: number): Promise<void> {
    while (isBusy) {
      await act();
      await new Promise((later) => setTimeout(later, pause));
    }
  }
  const work = Promise.all([
    ...USES.map((use, index) => repeat(() => tick(ports[index]!, use), TICK_MS)),
    repeat(() => readOverHttp(server, token), HTTP_TICK_MS),
  ]);
  return async () => {
    isBusy = false;
    await work;
    ports.forEach((port) => port.close());
  };
}

/** Reads like an application: writes the value after a miss. */
async function tick(port: RedisPort, { prefix, keys, size, reads, ttl }: Use): Promise<void> {
  // The traffic varies with a period of four minutes.
  const wave = 0.7 + 0.3 * Math.sin((Date.now() / 240_000) * 2 * Math.PI);
  for (let read = 0; read < Math.max(1, Math.round(reads * wave)); read += 1) {
    // A few keys are popular, most are not.
    const key = `${prefix}${Math.floor(keys * Math.random() ** 4)}`;
    if ((await port.send("GET", key)) === null) {
      await port.send("SET", key, "x".repeat(Math.ceil(size * (0.5 + Math.random()))), "EX", String(ttl));
    }
  }
}

async function readOverHttp(server: Server, token: string): Promise<void> {
  const url = `${server.url}/api/v1/cache/entries/fragment%3A${Math.floor(FRAGMENTS * Math.random() ** 3)}`;
  const headers = { authorization: `Bearer ${token}` };
  const found = await fetch(url, { headers });
  await found.arrayBuffer();
  if (!found.ok) {
    await fetch(`${url}?ttl=120s`, { method: "PUT", headers, body: "x".repeat(900) });
  }
}

/** Creates accounts, tokens and events. */
export async function populate(server: Server): Promise<void> {
  for (const [email, name, role] of [
    ["kei@example.com", "Kei Tanaka", "admin"],
    ["lena@example.com", "Lena Hartmann", "operator"],
    ["sam@example.com", "Sam Ode", "viewer"],
  ] as const) {
    await server.command("admin", "create", "--email", email, "--name", name, "--role", role);
  }
  for (const [name, scope] of [
    ["shop backend", "cache:*"],
    ["prometheus", "metrics:read"],
    ["deploy", "events:write"],
  ] as const) {
    await server.command("token", "create", "--name", name, "--scope", scope);
  }
  await server.command("event", "deploy", "shop 4.12");
  await server.command("event", "note", "Autumn sale begins");
}

/** Causes a problem by writing a value larger than `cache.memory`. */
export async function makeProblem(server: Server, largerThanMemory: number): Promise<void> {
  const port = await RedisPort.open(server.redisPort);
  await port.send("SET", "catalogue", "x".repeat(largerThanMemory));
  port.close();
}
