"""Tests a server with unmodified redis-py, in RESP2 and RESP3.

    redis_py.py [--host H] [--port P] [--socket PATH] [--password WORD]

The variables REDIS_HOST, REDIS_PORT, REDIS_SOCKET and REDIS_PASSWORD set the same options. Runs every check over TCP, and over the
Unix socket if one is given. Clears databases 9 and 10 and, at the end, all databases. Prints `ok N checks`, or prints the failed check
and exits with 1.
"""

import argparse
import os
import sys
import time
import warnings

import redis

# SETEX, PSETEX and similar commands are deprecated but widely used.
warnings.filterwarnings("ignore", category=DeprecationWarning)

CHECKS = 0


def check(name, actual, expected):
    """Counts a check. Ends the program if it fails."""
    global CHECKS
    CHECKS += 1
    if actual != expected:
        sys.exit(f"failed: {WHERE}: {name}: expected {expected!r}, got {actual!r}")


def check_that(name, holds, seen=None):
    """Counts a check that a condition is true."""
    global CHECKS
    CHECKS += 1
    if not holds:
        sys.exit(f"failed: {WHERE}: {name}: saw {seen!r}")


def check_error(name, call, *beginnings):
    """Counts a check that `call` fails with a message that begins with one of `beginnings`."""
    global CHECKS
    CHECKS += 1
    try:
        answer = call()
    except redis.RedisError as error:
        if not str(error).startswith(beginnings):
            sys.exit(f"failed: {WHERE}: {name}: refused with {str(error)!r}")
        return
    sys.exit(f"failed: {WHERE}: {name}: was not refused, returned {answer!r}")


def connection(r):
    check("PING", r.ping(), True)
    check("ECHO", r.echo("float"), "float")
    check_that("CLIENT ID", r.client_id() > 0)
    check("CLIENT SETNAME", r.client_setname("outrigger-check"), True)
    check("CLIENT GETNAME", r.client_getname(), "outrigger-check")
    check("CLIENT INFO", r.client_info()["name"], "outrigger-check")
    check_that("CLIENT LIST", any(c["name"] == "outrigger-check" for c in r.client_list()), r.client_list())
    seconds, micros = r.time()
    check_that("TIME", abs(seconds - time.time()) < 60 and 0 <= micros < 1_000_000, (seconds, micros))
    info = r.info()
    for field in ("redis_version", "redis_mode", "role", "loading", "maxmemory_policy", "used_memory"):
        check_that(f"INFO has {field}", field in info, sorted(info))
    check("INFO role", info["role"], "master")
    check("INFO loading", info["loading"], 0)
    check_that("INFO memory", "maxmemory_policy" in r.info("memory"), r.info("memory"))
    check_that("CONFIG GET", isinstance(r.config_get("maxmemory"), dict), r.config_get("maxmemory"))
    check_that("CONFIG GET with a pattern", "maxmemory-policy" in r.config_get("maxmemory*"), r.config_get("maxmemory*"))
    check_that("COMMAND", "get" in {name.lower() for name in r.command()}, len(r.command()))
    check_that("COMMAND COUNT", r.command_count() > 40, r.command_count())


def strings(r):
    check("SET", r.set("a", "1"), True)
    check("GET", r.get("a"), "1")
    check("GET of an absent key", r.get("absent"), None)
    check("SET of bytes", r.set("empty", ""), True)
    check("GET of an empty value", r.get("empty"), "")
    check("SET NX of a present key", r.set("a", "2", nx=True), None)
    check("SET NX of an absent key", r.set("nx", "2", nx=True), True)
    check("SET XX of an absent key", r.set("xx", "2", xx=True), None)
    check("SET XX of a present key", r.set("nx", "3", xx=True), True)
    check("SET GET", r.set("nx", "4", get=True), "3")
    check("SET GET of an absent key", r.set("fresh", "4", get=True), None)
    check("SETNX of a present key", r.setnx("a", "9"), False)
    check("SETNX of an absent key", r.setnx("setnx", "9"), True)
    check("GETSET", r.getset("a", "5"), "1")
    check("GETDEL", r.getdel("a"), "5")
    check("GETDEL of an absent key", r.getdel("a"), None)
    check("MSET", r.mset({"m1": "1", "m2": "2"}), True)
    check("MGET", r.mget("m1", "absent", "m2"), ["1", None, "2"])
    check("APPEND", r.append("m1", "23"), 3)
    check("APPEND to an absent key", r.append("appended", "xy"), 2)
    check("STRLEN", r.strlen("m1"), 3)
    check("STRLEN of an absent key", r.strlen("absent"), 0)
    check("GETRANGE", r.getrange("m1", 1, -1), "23")
    check("GETRANGE beyond the end", r.getrange("m1", 7, 9), "")
    check("SETRANGE", r.setrange("m1", 5, "x"), 6)
    check("SETRANGE fills with zeros", r.get("m1"), "123\0\0x")
    r.set("long", "x" * 1_000_000)
    check("a value of a million bytes", len(r.get("long")), 1_000_000)


def numbers(r):
    check("INCR of an absent key", r.incr("n"), 1)
    check("INCRBY", r.incrby("n", 41), 42)
    check("DECR", r.decr("n"), 41)
    check("DECRBY", r.decrby("n", 40), 1)
    check("INCRBYFLOAT", r.incrbyfloat("n", 0.5), 1.5)
    check("INCRBYFLOAT is kept as text", r.get("n"), "1.5")
    check_error("INCR of a non-integer", lambda: r.incr("n"), "value is not an integer or out of range")
    r.set("most", str(2**63 - 1))
    check_error("INCR beyond 64 bits", lambda: r.incr("most"), "increment or decrement would overflow")
    r.set("text", "text")
    check_error("INCRBYFLOAT of text", lambda: r.incrbyfloat("text", 1.0), "value is not a valid float")


def keys(r):
    r.mset({"k:1": "1", "k:2": "2", "k:3": "3", "other": "4"})
    check("EXISTS counts repetitions", r.exists("k:1", "k:1", "absent"), 2)
    check("TOUCH", r.touch("k:1", "absent"), 1)
    check("TYPE", r.type("k:1"), "string")
    check("TYPE of an absent key", r.type("absent"), "none")
    check("RENAME", r.rename("k:3", "k:4"), True)
    check("GET after RENAME", (r.get("k:3"), r.get("k:4")), (None, "3"))
    check_error("RENAME of an absent key", lambda: r.rename("absent", "x"), "no such key")
    check("KEYS", sorted(r.keys("k:*")), ["k:1", "k:2", "k:4"])
    check("KEYS with a set", sorted(r.keys("k:[12]")), ["k:1", "k:2"])
    check("KEYS with a question mark", sorted(r.keys("?:4")), ["k:4"])
    check("DBSIZE", r.dbsize(), 4)
    check_that("RANDOMKEY", r.randomkey() in {"k:1", "k:2", "k:4", "other"})
    check("DEL", r.delete("k:1", "absent"), 1)
    check("UNLINK", r.unlink("k:2", "k:4"), 2)
    check("DBSIZE after DEL", r.dbsize(), 1)
    r.flushdb()
    check("RANDOMKEY of an empty database", r.randomkey(), None)


def scans(r):
    wanted = {f"scan:{index}" for index in range(1000)}
    pipe = r.pipeline(transaction=False)
    for key in wanted:
        pipe.set(key, "x")
    pipe.set("not this one", "x")
    pipe.execute()
    check("SCAN finds all of 1,001", len(set(r.scan_iter())), 1001)
    check("SCAN with MATCH", set(r.scan_iter(match="scan:*", count=100)), wanted)
    check("SCAN with MATCH of one", set(r.scan_iter(match="scan:77?", count=500)), {f"scan:77{d}" for d in range(10)})
    cursor, page = r.scan(0, count=10)
    check_that("SCAN COUNT limits the page", cursor != 0 and 0 < len(page) < 500, (cursor, len(page)))
    check_error("SCAN with an invalid cursor", lambda: r.execute_command("SCAN", "x"), "invalid cursor")


def expiry(r):
    soon = int(time.time()) + 100
    check("SETEX", r.setex("e", 100, "1"), True)
    check_that("TTL", 90 < r.ttl("e") <= 100, r.ttl("e"))
    check("PSETEX", r.psetex("p", 100_000, "1"), True)
    check_that("PTTL", 90_000 < r.pttl("p") <= 100_000, r.pttl("p"))
    for name, options in {"EX": {"ex": 100}, "PX": {"px": 100_000}, "EXAT": {"exat": soon}, "PXAT": {"pxat": soon * 1000}}.items():
        r.set("s", "1", **options)
        check_that(f"SET {name}", 90 < r.ttl("s") <= 100, r.ttl("s"))
        check(f"GETEX after SET {name}", r.getex("s", **options), "1")
    check("SET KEEPTTL", (r.set("s", "2", keepttl=True), r.ttl("s") > 90), (True, True))
    check("SET without KEEPTTL", (r.set("s", "3"), r.ttl("s")), (True, -1))
    check("TTL of an absent key", r.ttl("absent"), -2)
    check("EXPIRE", (r.expire("s", 50), 40 < r.ttl("s") <= 50), (True, True))
    check("EXPIRE of an absent key", r.expire("absent", 50), False)
    check("EXPIRE NX of a key with a TTL", r.expire("s", 60, nx=True), False)
    check("EXPIRE XX of a key with a TTL", r.expire("s", 60, xx=True), True)
    check("EXPIRE GT with a longer TTL", r.expire("s", 70, gt=True), True)
    check("EXPIRE GT with a shorter TTL", r.expire("s", 10, gt=True), False)
    check("EXPIRE LT with a shorter TTL", r.expire("s", 10, lt=True), True)
    check("PEXPIRE", (r.pexpire("s", 30_000), 20_000 < r.pttl("s") <= 30_000), (True, True))
    check("EXPIREAT", (r.expireat("s", soon), 90 < r.ttl("s") <= 100), (True, True))
    check("PEXPIREAT", (r.pexpireat("s", soon * 1000), 90 < r.ttl("s") <= 100), (True, True))
    check("PERSIST", (r.persist("s"), r.ttl("s")), (True, -1))
    check("PERSIST of a key without a TTL", r.persist("s"), False)
    check("GETEX PERSIST", (r.getex("e", persist=True), r.ttl("e")), ("1", -1))
    check("EXPIREAT in the past removes the key", (r.expireat("s", 1), r.get("s")), (True, None))
    r.set("short", "1", px=20)
    until = time.monotonic() + 5
    while r.get("short") is not None and time.monotonic() < until:
        time.sleep(0.005)
    check("a TTL of 20 ms expires", (r.get("short"), r.ttl("short"), r.exists("short")), (None, -2, 0))
    check_error("a TTL of 0", lambda: r.setex("e", 0, "1"), "invalid expire time")


def pipelines(r):
    pipe = r.pipeline(transaction=False)
    for index in range(500):
        pipe.set(f"pipe:{index}", index)
    for index in range(500):
        pipe.get(f"pipe:{index}")
    answers = pipe.execute()
    check("a pipeline of 1,000 returns replies in order", answers, [True] * 500 + [str(index) for index in range(500)])
    pipe.set("pipe:text", "x").incr("pipe:text").get("pipe:text")
    answers = pipe.execute(raise_on_error=False)
    check_that("an error inside a pipeline", isinstance(answers[1], redis.ResponseError), answers)
    check("commands after an error in a pipeline", (answers[0], answers[2]), (True, "x"))


def databases(r, other):
    r.set("here", "9")
    check("keys of one database are not in another", other.get("here"), None)
    other.set("there", "10")
    check("FLUSHDB", r.flushdb(), True)
    check("FLUSHDB keeps other databases", (r.dbsize(), other.get("there")), (0, "10"))
    check_error("SELECT of an unknown database", lambda: r.execute_command("SELECT", "16"), "DB index is out of range")
    check("FLUSHALL", (r.flushall(), other.dbsize()), (True, 0))


def errors(r):
    check_error("an unknown command", lambda: r.execute_command("NOSUCHCOMMAND", "x"), "unknown command")
    check_error("too few arguments", lambda: r.execute_command("GET"), "wrong number of arguments for 'get' command")
    check_error("conflicting options", lambda: r.execute_command("SET", "k", "v", "NX", "XX"), "syntax error")
    check_error("an unknown option", lambda: r.execute_command("SET", "k", "v", "NOPE"), "syntax error")
    check("the connection stays open after an error", r.ping(), True)


def leaving(r):
    r.set("before", "1")
    r.quit()
    check("a command after QUIT reconnects", r.get("before"), "1")
    check("RESET", r.execute_command("RESET") in ("RESET", True), True)
    r.connection_pool.disconnect()
    check("a command after closing all connections reconnects", r.ping(), True)


def passwords(options):
    wrong = {**options, "password": "wrong"}
    if options.get("password") is None:
        return
    check_error("no password", lambda: redis.Redis(**{**options, "password": None}).ping(), "Authentication required", "NOAUTH", "HELLO must be called")
    check_error("a wrong password", lambda: redis.Redis(**wrong).ping(), "invalid username-password pair", "WRONGPASS")
    check("a user name with the password", redis.Redis(**{**options, "username": "default"}).ping(), True)


def run(options):
    r = redis.Redis(**options, db=9, decode_responses=True)
    other = redis.Redis(**options, db=10, decode_responses=True)
    for part in (connection, strings, numbers, keys, scans, expiry, pipelines, errors):
        r.flushdb()
        part(r)
    other.flushdb()
    databases(r, other)
    leaving(r)
    passwords(options)
    r.close()
    other.close()


parser = argparse.ArgumentParser()
parser.add_argument("--host", default=os.environ.get("REDIS_HOST", "127.0.0.1"))
parser.add_argument("--port", type=int, default=int(os.environ.get("REDIS_PORT", "7379")))
parser.add_argument("--socket", default=os.environ.get("REDIS_SOCKET"))
parser.add_argument("--password", default=os.environ.get("REDIS_PASSWORD"))
given = parser.parse_args()

places = {"tcp": {"host": given.host, "port": given.port}}
if given.socket:
    places["socket"] = {"unix_socket_path": given.socket}
for place, address in places.items():
    for protocol in (2, 3):
        WHERE = f"{place}, RESP{protocol}"
        run({**address, "protocol": protocol, "password": given.password, "socket_timeout": 30})
print(f"ok {CHECKS} checks")
