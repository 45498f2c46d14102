//! Commands that describe the server, and lists without a defined order.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use outrigger_cache::Database;
use outrigger_resp::{Value, decode_reply};
use outrigger_testkit::trial;

use crate::test_server::{Setup, TestServer};

fn value(reply: &[u8]) -> Value {
    decode_reply(reply).expect("the reply is whole").0
}

fn strings(value: &Value) -> Vec<String> {
    let Value::Array(elements) = value else {
        panic!("{value:?} is no array");
    };
    elements
        .iter()
        .map(|element| match element {
            Value::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("{other:?} is no string"),
        })
        .collect()
}

async fn commands_that_return_a_value_and_change_it_count_as_hits_and_misses() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    client.words("SET a 1");
    for command in [
        "GETEX a EX 100",
        "GETSET a 2",
        "SET a 3 GET",
        "GETDEL a",
        "GETEX a",
        "SET a 4 NX GET",
    ] {
        client.words(command);
    }
    for command in ["EXPIRE a 100", "INCR a", "SETNX a 5", "TTL a"] {
        client.words(command);
    }

    let stats = client.words("INFO stats");

    assert!(stats.contains("keyspace_hits:4\r\n"), "{stats}");
    assert!(stats.contains("keyspace_misses:2\r\n"), "{stats}");
}

async fn info_has_the_fields_that_clients_read() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    client.words("SET a 1");
    client.words("SETEX c 100 1");
    client.words("GET a");
    client.words("GET b");

    let info = client.words("INFO");

    for field in [
        "# Server\r\n",
        "redis_version:7.2",
        "redis_mode:standalone\r\n",
        "outrigger_version:",
        "role:master\r\n",
        "loading:0\r\n",
        "maxmemory_policy:allkeys-lru\r\n",
        "used_memory:",
        "maxmemory_human:128.00M\r\n",
        "connected_clients:1\r\n",
        "keyspace_hits:1\r\n",
        "keyspace_misses:1\r\n",
        "db0:keys=2,expires=1,",
    ] {
        assert!(info.contains(field), "{field:?} is missing in {info}");
    }
    let memory = client.words("INFO memory");
    assert!(memory.contains("maxmemory_policy:") && !memory.contains("redis_version"));
    client.words("HELLO 3");
    assert!(client.words("INFO").starts_with('='));
}

async fn scan_bounds_its_reply_and_rejects_a_pattern_longer_than_any_key() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    let name = "k".repeat(8000);
    for number in 0..3000 {
        client.words(&format!("SET {name}:{number} 1"));
    }

    let reply = client.words("SCAN 0 COUNT 100000");
    let refused = client.words(&format!("SCAN 0 MATCH {}", "*".repeat(8193)));

    assert!(reply.len() < 20 << 20, "{} bytes", reply.len());
    assert!(
        !reply.starts_with("*2\r\n$1\r\n0\r\n"),
        "the scan continues"
    );
    assert_eq!(refused, "-ERR the pattern exceeds `[cache] key_max`\r\n");
}

async fn scan_shows_every_key_once_whatever_the_step() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    for number in 0..500 {
        client.words(&format!("SET key:{number} 1"));
    }
    for (options, expected) in [
        ("", 500),
        (" COUNT 7", 500),
        (" MATCH key:1* COUNT 50", 111),
        (" TYPE string", 500),
        (" TYPE list", 0),
    ] {
        let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
        loop {
            let reply = client.words(&format!("SCAN {cursor}{options}"));
            let Value::Array(mut parts) = value(reply.as_bytes()) else {
                panic!("{reply} is no array");
            };
            keys.extend(strings(&parts.remove(1)));
            let Value::Bulk(next) = parts.remove(0) else {
                panic!("a cursor is a string");
            };
            cursor = String::from_utf8(next).expect("a cursor is a number");
            if cursor == "0" {
                break;
            }
        }
        let distinct: BTreeSet<_> = keys.iter().collect();
        assert_eq!(
            (keys.len(), distinct.len()),
            (expected, expected),
            "{options}"
        );
    }
}

async fn a_random_key_is_one_that_exists() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    client.words("SELECT 3");
    for key in ["a", "b", "c"] {
        client.words(&format!("SET {key} 1"));
    }

    let seen: BTreeSet<_> = (0..200).map(|_| client.words("RANDOMKEY")).collect();

    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(ours.connect().words("RANDOMKEY"), "$-1\r\n");
}

async fn commands_describe_themselves() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    let count = client.words("COMMAND COUNT");
    let list = strings(&value(client.words("COMMAND LIST").as_bytes()));
    let Value::Array(all) = value(client.words("COMMAND").as_bytes()) else {
        panic!("COMMAND returns an array");
    };

    assert_eq!(count, format!(":{}\r\n", list.len()));
    assert_eq!(all.len(), list.len());
    let info = client.words("COMMAND INFO get");
    assert!(
        info.starts_with(
            "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        ),
        "{info}"
    );
    let docs = client.words("COMMAND DOCS get");
    assert!(
        docs.starts_with("*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n"),
        "{docs}"
    );
    assert_eq!(
        strings(&value(
            client
                .words("COMMAND LIST FILTERBY PATTERN get?x")
                .as_bytes()
        )),
        ["getex"]
    );
    // Each command has a handler: without arguments it fails, but not as unknown.
    for name in list {
        let reply = ours.connect().words(&name);
        assert!(!reply.starts_with("-ERR unknown"), "{name}: {reply}");
    }
}

async fn connections_are_listed_with_the_name_and_library_they_announced() {
    let ours = TestServer::start(Setup::default());
    let (mut client, mut other) = (ours.connect(), ours.connect());
    other.words("HELLO 3 SETNAME worker");
    other.words("CLIENT SETINFO LIB-NAME redis-py");
    other.words("CLIENT SETINFO lib-ver 8.1.0");
    other.words("SELECT 5");
    assert_eq!(
        other.words("CLIENT SETINFO bogus x"),
        "-ERR Unrecognized option 'bogus'\r\n"
    );

    let list = client.words("CLIENT LIST");
    let line = list
        .lines()
        .find(|line| line.contains("name=worker"))
        .expect("it is listed");

    for field in [
        "addr=127.0.0.1:",
        "db=5",
        "resp=3",
        "lib-name=redis-py",
        "lib-ver=8.1.0",
        "cmd=client",
    ] {
        assert!(line.contains(field), "{field} is missing in {line}");
    }
    let id = client.words("CLIENT ID");
    let info = client.words("CLIENT INFO");
    assert!(
        info.contains(&format!("id={} ", id[1..].trim_end())),
        "{info}"
    );
}

async fn parameters_are_found_by_pattern() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();

    assert_eq!(
        client.words("CONFIG GET maxmemory"),
        "*2\r\n$9\r\nmaxmemory\r\n$9\r\n134217728\r\n"
    );
    assert_eq!(
        client.words("CONFIG GET SAVE appendonly"),
        "*4\r\n$10\r\nappendonly\r\n$2\r\nno\r\n$4\r\nsave\r\n$0\r\n\r\n"
    );
    assert!(client.words("CONFIG GET maxmemory*").starts_with("*4\r\n"));
    client.words("HELLO 3");
    assert_eq!(
        client.words("CONFIG GET databases"),
        "%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n"
    );
}

async fn the_handle_reads_values_written_by_redis_clients() {
    let ours = TestServer::start(Setup::default());
    let mut client = ours.connect();
    client.words("SET a 1 EX 100");
    client.words("SELECT 15");
    client.words("SET a 2");

    let last = Database::new(15).expect("the number is below 16");
    assert_eq!(
        ours.cache.get(Database::ZERO, b"a").as_deref(),
        Some(&b"1"[..])
    );
    assert_eq!(ours.cache.get(last, b"a").as_deref(), Some(&b"2"[..]));
    assert_eq!(ours.cache.stats().entries_total(), 2);
    assert_eq!(ours.metrics.commands(), 3);
    client.words("FLUSHDB");
    assert_eq!(ours.cache.stats().entries_total(), 1);
    let time = strings(&value(client.words("TIME").as_bytes()));
    assert!(
        time.len() == 2
            && time[0]
                .parse::<u64>()
                .is_ok_and(|seconds| seconds > 1_700_000_000)
    );
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "commands_that_return_a_value_and_change_it_count_as_hits_and_misses",
            &[],
            commands_that_return_a_value_and_change_it_count_as_hits_and_misses,
        ),
        trial(
            "info_has_the_fields_that_clients_read",
            &[],
            info_has_the_fields_that_clients_read,
        ),
        trial(
            "scan_bounds_its_reply_and_rejects_a_pattern_longer_than_any_key",
            &[],
            scan_bounds_its_reply_and_rejects_a_pattern_longer_than_any_key,
        ),
        trial(
            "scan_shows_every_key_once_whatever_the_step",
            &[],
            scan_shows_every_key_once_whatever_the_step,
        ),
        trial(
            "a_random_key_is_one_that_exists",
            &[],
            a_random_key_is_one_that_exists,
        ),
        trial(
            "commands_describe_themselves",
            &[],
            commands_describe_themselves,
        ),
        trial(
            "connections_are_listed_with_the_name_and_library_they_announced",
            &[],
            connections_are_listed_with_the_name_and_library_they_announced,
        ),
        trial(
            "parameters_are_found_by_pattern",
            &[],
            parameters_are_found_by_pattern,
        ),
        trial(
            "the_handle_reads_values_written_by_redis_clients",
            &[],
            the_handle_reads_values_written_by_redis_clients,
        ),
    ]
}
