// Tests a server with unmodified node-redis, in RESP2 and RESP3.
//
//     node node_redis.mjs [--host H] [--port P] [--socket PATH] [--password WORD]
//
// The variables REDIS_HOST, REDIS_PORT, REDIS_SOCKET and REDIS_PASSWORD set the same options. Clears databases 9 and 10 and, at the end,
// all databases.
import { createClient } from "redis";
import { at, check, checkError, checkThat, eventually, everywhere } from "./checks.mjs";

async function client({ host, port, socket, password }, more = {}) {
  const redis = createClient({ socket: socket ? { path: socket } : { host, port }, password, database: 9, name: "outrigger-check", ...more });
  // Errors reject the promise of the command. Without a listener, they would also end the program.
  redis.on("error", () => undefined);
  return redis.connect();
}

async function connection(r) {
  check("PING", await r.ping(), "PONG");
  check("ECHO", await r.echo("float"), "float");
  checkThat("CLIENT ID", (await r.clientId()) > 0);
  check("CLIENT GETNAME", await r.clientGetName(), "outrigger-check");
  check("CLIENT SETNAME", await r.clientSetName("renamed"), "OK");
  check("CLIENT INFO", (await r.clientInfo()).name, "renamed");
  checkThat("CLIENT LIST", (await r.clientList()).some((one) => one.name === "renamed"));
  checkThat("TIME", Math.abs(Number((await r.sendCommand(["TIME"]))[0]) - Date.now() / 1000) < 60);
  const info = await r.info();
  for (const field of ["redis_version:", "role:master", "loading:0", "maxmemory_policy:"]) {
    checkThat(`INFO has ${field}`, info.includes(field), info);
  }
  checkThat("CONFIG GET", "maxmemory" in (await r.configGet("maxmemory")), await r.configGet("maxmemory"));
  checkThat("COMMAND COUNT", (await r.commandCount()) > 40);
}

async function strings(r) {
  check("SET", await r.set("a", "1"), "OK");
  check("GET", await r.get("a"), "1");
  check("GET of an absent key", await r.get("absent"), null);
  check("SET NX of a present key", await r.set("a", "2", { condition: "NX" }), null);
  check("SET XX of a present key", await r.set("a", "2", { condition: "XX" }), "OK");
  check("SET GET", await r.set("a", "3", { GET: true }), "2");
  check("SETNX", await r.setNX("a", "9"), 0);
  check("GETSET", await r.getSet("a", "5"), "3");
  check("GETDEL", await r.getDel("a"), "5");
  check("MSET", await r.mSet({ m1: "1", m2: "2" }), "OK");
  check("MGET", await r.mGet(["m1", "absent", "m2"]), ["1", null, "2"]);
  check("APPEND", await r.append("m1", "23"), 3);
  check("STRLEN", await r.strLen("m1"), 3);
  check("GETRANGE", await r.getRange("m1", 1, -1), "23");
  check("SETRANGE", await r.setRange("m1", 1, "x"), 3);
  check("INCR", await r.incr("n"), 1);
  check("INCRBY", await r.incrBy("n", 41), 42);
  check("DECR", await r.decr("n"), 41);
  check("DECRBY", await r.decrBy("n", 40), 1);
  check("INCRBYFLOAT", Number(await r.incrByFloat("n", 0.5)), 1.5);
}

async function keys(r) {
  await r.mSet({ "k:1": "1", "k:2": "2", "k:3": "3", other: "4" });
  check("EXISTS", await r.exists(["k:1", "k:1", "absent"]), 2);
  check("TOUCH", await r.touch(["k:1", "absent"]), 1);
  check("TYPE", await r.type("k:1"), "string");
  check("RENAME", await r.rename("k:3", "k:4"), "OK");
  check("KEYS", (await r.keys("k:*")).sort(), ["k:1", "k:2", "k:4"]);
  check("DBSIZE", await r.dbSize(), 4);
  checkThat("RANDOMKEY", (await r.randomKey()) !== null);
  check("DEL", await r.del(["k:1", "absent"]), 1);
  check("UNLINK", await r.unlink(["k:2", "k:4"]), 2);
}

async function expiry(r) {
  const soon = Math.floor(Date.now() / 1000) + 100;
  const alive = async (name) => checkThat(name, (await r.ttl("s")) > 90 && (await r.pTTL("s")) <= 100_000, await r.ttl("s"));
  check("SETEX", await r.setEx("s", 100, "1"), "OK");
  await alive("TTL after SETEX");
  check("PSETEX", await r.pSetEx("s", 100_000, "1"), "OK");
  await alive("TTL after PSETEX");
  for (const [type, value] of [["EX", 100], ["PX", 100_000], ["EXAT", soon], ["PXAT", soon * 1000]]) {
    check(`SET ${type}`, await r.set("s", "1", { expiration: { type, value } }), "OK");
    await alive(`TTL after SET ${type}`);
    check(`GETEX ${type}`, await r.getEx("s", { type, value }), "1");
  }
  check("SET KEEPTTL", await r.set("s", "2", { expiration: "KEEPTTL" }), "OK");
  await alive("TTL after SET KEEPTTL");
  check("EXPIRE", await r.expire("s", 50), 1);
  check("EXPIRE NX", await r.expire("s", 60, "NX"), 0);
  check("EXPIRE XX", await r.expire("s", 60, "XX"), 1);
  check("EXPIRE GT", await r.expire("s", 10, "GT"), 0);
  check("EXPIRE LT", await r.expire("s", 10, "LT"), 1);
  check("PEXPIRE", await r.pExpire("s", 50_000), 1);
  check("EXPIREAT", await r.expireAt("s", soon), 1);
  check("PEXPIREAT", await r.pExpireAt("s", soon * 1000), 1);
  check("GETEX PERSIST", await r.getEx("s", { type: "PERSIST" }), "2");
  check("TTL after GETEX PERSIST", await r.ttl("s"), -1);
  check("PERSIST of a key without a TTL", await r.persist("s"), 0);
  await r.set("short", "1", { expiration: { type: "PX", value: 20 } });
  check("a TTL of 20 ms expires", await eventually(() => r.get("short"), (value) => value === null), null);
  check("TTL of an absent key", await r.ttl("short"), -2);
}

async function scans(r) {
  await Promise.all(Array.from({ length: 1000 }, (_, index) => r.set(`scan:${index}`, "x")));
  await r.set("not this one", "x");
  const seen = new Set();
  for await (const page of r.scanIterator({ MATCH: "scan:*", COUNT: 100 })) {
    page.forEach((key) => seen.add(key));
  }
  check("scanIterator with MATCH finds all", seen.size, 1000);
}

async function pipelines(r) {
  const answers = await Promise.all(Array.from({ length: 500 }, () => r.incr("counter")));
  check("500 concurrent commands return replies in order", answers, Array.from({ length: 500 }, (_, index) => index + 1));
  const [set, failed, got] = await Promise.allSettled([r.set("p", "x"), r.incr("p"), r.get("p")]);
  check("commands around an error", [set.value, got.value], ["OK", "x"]);
  checkThat("an error among commands", /value is not an integer/.test(failed.reason?.message ?? ""), failed);
}

async function errors(r) {
  await checkError("an unknown command", r.sendCommand(["NOSUCHCOMMAND", "x"]), /^ERR unknown command/);
  await checkError("too few arguments", r.sendCommand(["GET"]), /^ERR wrong number of arguments for 'get' command/);
  await checkError("conflicting options", r.sendCommand(["SET", "k", "v", "NX", "XX"]), /^ERR syntax error/);
  await checkError("RENAME of an absent key", r.rename("absent", "x"), /^ERR no such key/);
  await checkError("an unknown database", r.select(16), /^ERR DB index is out of range/);
  check("the connection stays open after an error", await r.ping(), "PONG");
}

async function databases(r, place, more) {
  const other = await client(place, { ...more, database: 10 });
  await other.flushDb();
  await r.set("here", "9");
  check("keys of one database are not in another", await other.get("here"), null);
  await other.set("there", "10");
  check("FLUSHDB", await r.flushDb(), "OK");
  check("FLUSHDB keeps other databases", await other.get("there"), "10");
  await r.select(10);
  check("GET after SELECT", await r.get("there"), "10");
  check("FLUSHALL", await r.flushAll(), "OK");
  check("DBSIZE after FLUSHALL", await other.dbSize(), 0);
  await other.close();
}

async function leaving(r, place, more) {
  await r.sendCommand(["QUIT"]).catch(() => undefined);
  check("a command after QUIT reconnects", await eventually(() => r.ping().catch(() => "not yet"), (answer) => answer === "PONG"), "PONG");
  await r.close();
  const again = await client(place, more);
  check("a new client", await again.ping(), "PONG");
  await again.close();
}

async function passwords(place, more) {
  if (place.password === undefined) {
    return;
  }
  const refusing = { ...more, socket: { ...(place.socket ? { path: place.socket } : { host: place.host, port: place.port }), reconnectStrategy: false } };
  await checkError("a wrong password", client({ ...place, password: "wrong" }, refusing), /WRONGPASS|NOAUTH/);
}

await everywhere(async (place) => {
  for (const RESP of [2, 3]) {
    at(`${place.place}, RESP${RESP}`);
    const more = { RESP };
    const r = await client(place, more);
    for (const part of [connection, strings, keys, expiry, scans, pipelines, errors]) {
      await r.flushDb();
      await part(r);
    }
    await databases(r, place, more);
    await leaving(r, place, more);
    await passwords(place, more);
  }
});
