// Tests a server with unmodified ioredis, in RESP2 and RESP3.
//
//     node ioredis.mjs [--host H] [--port P] [--socket PATH] [--password WORD]
//
// The variables REDIS_HOST, REDIS_PORT, REDIS_SOCKET and REDIS_PASSWORD set the same options. Clears databases 9 and 10 and, at the end,
// all databases.
import { Redis } from "ioredis";
import { at, check, checkError, checkThat, eventually, everywhere } from "./checks.mjs";

function client({ host, port, socket, password }, more = {}) {
  const redis = new Redis({ ...(socket ? { path: socket } : { host, port }), password, db: 9, connectionName: "outrigger-check", ...more });
  // Errors reject the promise of the command. Without a listener, ioredis also prints them.
  redis.on("error", () => undefined);
  return redis;
}

async function connection(r) {
  check("PING", await r.ping(), "PONG");
  check("ECHO", await r.echo("float"), "float");
  checkThat("CLIENT ID", (await r.client("ID")) > 0);
  check("CLIENT GETNAME", await r.client("GETNAME"), "outrigger-check");
  check("CLIENT SETNAME", await r.client("SETNAME", "renamed"), "OK");
  checkThat("CLIENT INFO", String(await r.client("INFO")).includes("name=renamed"));
  checkThat("CLIENT LIST", String(await r.client("LIST")).includes("name=renamed"));
  const [seconds] = await r.time();
  checkThat("TIME", Math.abs(Number(seconds) - Date.now() / 1000) < 60, seconds);
  const info = String(await r.info());
  for (const field of ["redis_version:", "role:master", "loading:0", "maxmemory_policy:", "redis_mode:standalone"]) {
    checkThat(`INFO has ${field}`, info.includes(field), info);
  }
  checkThat("CONFIG GET", JSON.stringify(await r.config("GET", "maxmemory")).includes("maxmemory"));
  checkThat("COMMAND COUNT", (await r.command("COUNT")) > 40);
  check("status after the ready check", r.status, "ready");
}

async function strings(r) {
  check("SET", await r.set("a", "1"), "OK");
  check("GET", await r.get("a"), "1");
  check("GET of an absent key", await r.get("absent"), null);
  check("GET as a buffer", (await r.getBuffer("a")).toString(), "1");
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  await r.set("bytes", bytes);
  check("all byte values", [...(await r.getBuffer("bytes"))], [...bytes]);
  check("SET NX of a present key", await r.set("a", "2", "NX"), null);
  check("SET XX of a present key", await r.set("a", "2", "XX"), "OK");
  check("SET GET", await r.set("a", "3", "GET"), "2");
  check("SET EX NX", await r.set("lock", "me", "EX", 100, "NX"), "OK");
  check("SETNX", await r.setnx("a", "9"), 0);
  check("GETSET", await r.getset("a", "5"), "3");
  check("GETDEL", await r.getdel("a"), "5");
  check("MSET", await r.mset({ m1: "1", m2: "2" }), "OK");
  check("MGET", await r.mget("m1", "absent", "m2"), ["1", null, "2"]);
  check("APPEND", await r.append("m1", "23"), 3);
  check("STRLEN", await r.strlen("m1"), 3);
  check("GETRANGE", await r.getrange("m1", 1, -1), "23");
  check("SETRANGE", await r.setrange("m1", 1, "x"), 3);
  check("INCR", await r.incr("n"), 1);
  check("INCRBY", await r.incrby("n", 41), 42);
  check("DECR", await r.decr("n"), 41);
  check("DECRBY", await r.decrby("n", 40), 1);
  check("INCRBYFLOAT", Number(await r.incrbyfloat("n", 0.5)), 1.5);
}

async function keys(r) {
  await r.mset("k:1", "1", "k:2", "2", "k:3", "3", "other", "4");
  check("EXISTS", await r.exists("k:1", "k:1", "absent"), 2);
  check("TOUCH", await r.touch("k:1", "absent"), 1);
  check("TYPE", await r.type("k:1"), "string");
  check("RENAME", await r.rename("k:3", "k:4"), "OK");
  check("KEYS", (await r.keys("k:*")).sort(), ["k:1", "k:2", "k:4"]);
  check("DBSIZE", await r.dbsize(), 4);
  checkThat("RANDOMKEY", (await r.randomkey()) !== null);
  check("DEL", await r.del("k:1", "absent"), 1);
  check("UNLINK", await r.unlink("k:2", "k:4"), 2);
}

async function expiry(r) {
  const soon = Math.floor(Date.now() / 1000) + 100;
  const alive = async (name) => checkThat(name, (await r.ttl("s")) > 90 && (await r.pttl("s")) <= 100_000, await r.ttl("s"));
  check("SETEX", await r.setex("s", 100, "1"), "OK");
  await alive("TTL after SETEX");
  check("PSETEX", await r.psetex("s", 100_000, "1"), "OK");
  await alive("TTL after PSETEX");
  for (const [option, value] of [["EX", 100], ["PX", 100_000], ["EXAT", soon], ["PXAT", soon * 1000]]) {
    check(`SET ${option}`, await r.set("s", "1", option, value), "OK");
    await alive(`TTL after SET ${option}`);
    check(`GETEX ${option}`, await r.getex("s", option, value), "1");
  }
  check("SET KEEPTTL", await r.set("s", "2", "KEEPTTL"), "OK");
  await alive("TTL after SET KEEPTTL");
  check("EXPIRE", await r.expire("s", 50), 1);
  check("EXPIRE NX", await r.expire("s", 60, "NX"), 0);
  check("EXPIRE XX", await r.expire("s", 60, "XX"), 1);
  check("EXPIRE GT", await r.expire("s", 10, "GT"), 0);
  check("EXPIRE LT", await r.expire("s", 10, "LT"), 1);
  check("PEXPIRE", await r.pexpire("s", 50_000), 1);
  check("EXPIREAT", await r.expireat("s", soon), 1);
  check("PEXPIREAT", await r.pexpireat("s", soon * 1000), 1);
  check("GETEX PERSIST", await r.getex("s", "PERSIST"), "2");
  check("TTL after GETEX PERSIST", await r.ttl("s"), -1);
  check("PERSIST of a key without a TTL", await r.persist("s"), 0);
  await r.set("short", "1", "PX", 20);
  check("a TTL of 20 ms expires", await eventually(() => r.get("short"), (value) => value === null), null);
  check("TTL of an absent key", await r.ttl("short"), -2);
}

async function scans(r) {
  const pipeline = r.pipeline();
  for (let index = 0; index < 1000; index += 1) {
    pipeline.set(`scan:${index}`, "x");
  }
  pipeline.set("not this one", "x");
  checkThat("a pipeline of 1,001", (await pipeline.exec()).every(([error, answer]) => error === null && answer === "OK"));
  const seen = new Set();
  for await (const page of r.scanStream({ match: "scan:*", count: 100 })) {
    page.forEach((key) => seen.add(key));
  }
  check("scanStream with MATCH finds all", seen.size, 1000);
}

async function pipelines(r) {
  const answers = await r.pipeline().set("p", "x").incr("p").get("p").exec();
  checkThat("an error inside a pipeline", /value is not an integer/.test(answers[1][0]?.message ?? ""), answers);
  check("commands after an error in a pipeline", answers[2], [null, "x"]);
  const many = await Promise.all(Array.from({ length: 500 }, (_, index) => r.incr("counter").then((value) => value === index + 1)));
  checkThat("500 concurrent commands return replies in order", many.every(Boolean));
}

async function errors(r) {
  await checkError("an unknown command", r.call("NOSUCHCOMMAND", "x"), /^ERR unknown command/);
  await checkError("too few arguments", r.call("GET"), /^ERR wrong number of arguments for 'get' command/);
  await checkError("conflicting options", r.call("SET", "k", "v", "NX", "XX"), /^ERR syntax error/);
  await checkError("RENAME of an absent key", r.rename("absent", "x"), /^ERR no such key/);
  await checkError("an unknown database", r.select(16), /^ERR DB index is out of range/);
  check("the connection stays open after an error", await r.ping(), "PONG");
}

async function databases(r, place, more) {
  const other = client(place, { ...more, db: 10 });
  await other.flushdb();
  await r.set("here", "9");
  check("keys of one database are not in another", await other.get("here"), null);
  await other.set("there", "10");
  check("FLUSHDB", await r.flushdb(), "OK");
  check("FLUSHDB keeps other databases", await other.get("there"), "10");
  check("SELECT", await r.select(10), "OK");
  check("GET after SELECT", await r.get("there"), "10");
  check("FLUSHALL", await r.flushall(), "OK");
  check("DBSIZE after FLUSHALL", await other.dbsize(), 0);
  await other.quit();
}

async function leaving(r, place, more) {
  check("QUIT", await r.quit(), "OK");
  const again = client(place, more);
  check("a new client after QUIT", await again.ping(), "PONG");
  const ready = new Promise((done) => again.once("ready", done));
  again.stream.destroy();
  await ready;
  check("a client reconnects after its connection broke", await again.ping(), "PONG");
  again.disconnect();
}

async function passwords(place, more) {
  if (place.password === undefined) {
    return;
  }
  const wrong = client(place, { ...more, password: "wrong", retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
  const said = new Promise((told) => wrong.once("error", (error) => told(error.message)));
  await wrong.connect().catch(() => undefined);
  checkThat("a wrong password", /WRONGPASS|NOAUTH/.test(await said), await said);
  wrong.disconnect();
}

await everywhere(async (place) => {
  for (const protocol of [2, 3]) {
    at(`${place.place}, RESP${protocol}`);
    const more = { protocol };
    const r = client(place, more);
    for (const part of [connection, strings, keys, expiry, scans, pipelines, errors]) {
      await r.flushdb();
      await part(r);
    }
    await databases(r, place, more);
    await leaving(r, place, more);
    await passwords(place, more);
  }
});
