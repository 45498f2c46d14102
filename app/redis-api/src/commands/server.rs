//! Commands about the server, and commands that empty it.

use std::fmt::Write;

use outrigger_cache::{Database, Eviction};
use outrigger_resp::Args;

use super::{
    argument::is,
    call::{Call, Failure},
    subcommand::{Subcommand, dispatch},
};
use crate::{glob, session::Next};

/// The Redis version that clients see, so that they use the features of that version. Missing data types are missing
/// nevertheless.
pub(crate) const REDIS_VERSION: &str = "7.2.0";

pub(super) fn dbsize(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let count = call.cache.len(call.session.database, call.now);
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

pub(super) fn time(call: &mut Call<'_>, _: &Args<'_>) -> Result<(), Failure> {
    let micros = call.shared.clock.now().as_microsecond();
    call.reply.array(2);
    for part in [micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)] {
        call.reply.bulk(part.to_string().as_bytes());
    }
    Ok(())
}

pub(super) fn flushdb(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let database = call.session.database;
    flush(call, args, Some(database))
}

pub(super) fn flushall(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    flush(call, args, None)
}

fn flush(call: &mut Call<'_>, args: &Args<'_>, database: Option<Database>) -> Result<(), Failure> {
    match args.get(1) {
        None => {}
        Some(word) if args.len() == 2 && (is(word, "async") || is(word, "sync")) => {}
        Some(_) => return Err(Failure::SYNTAX),
    }
    let removed = call.cache.clear(database);
    if removed > 0 {
        call.session.next = Some(Next::Record(database, removed));
    }
    call.reply.ok();
    Ok(())
}

pub(super) fn config(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    const SUBCOMMANDS: &[Subcommand] = &[Subcommand {
        name: "get",
        arity: -3,
        handler: config_get,
    }];
    dispatch(call, args, "config", SUBCOMMANDS)
}

/// Returns the parameters that clients and tools commonly read, under their Redis names.
fn config_get(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let (cache, redis) = (call.cache.config(), &call.shared.config);
    let idle = redis.idle_timeout.map_or(0, |time| time.get().as_secs());
    let parameters = [
        ("appendonly", "no".to_owned()),
        ("databases", Database::COUNT.to_string()),
        ("maxclients", redis.connections_max.to_string()),
        ("maxmemory", cache.memory.as_u64().to_string()),
        ("maxmemory-policy", policy(cache.eviction).to_owned()),
        ("port", call.shared.port.unwrap_or(0).to_string()),
        ("proto-max-bulk-len", cache.value_max.as_u64().to_string()),
        ("save", String::new()),
        ("timeout", idle.to_string()),
    ];
    let patterns = args.skip(2);
    let wanted: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| {
            patterns
                .iter()
                .any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes()))
        })
        .collect();
    call.reply.map(wanted.len());
    for (name, value) in wanted {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(value.as_bytes());
    }
    Ok(())
}

/// Returns the Redis name of the closest policy. The cache uses S3-FIFO; clients only need to know which keys it may evict.
const fn policy(eviction: Eviction) -> &'static str {
    match eviction {
        Eviction::All => "allkeys-lru",
        Eviction::Volatile => "volatile-lru",
    }
}

/// A section of `INFO`: its name and the function that writes it.
type Section = (&'static str, fn(&Call<'_>, &mut String));

const SECTIONS: [Section; 8] = [
    ("Server", info_server),
    ("Clients", info_clients),
    ("Memory", info_memory),
    ("Persistence", info_persistence),
    ("Stats", info_stats),
    ("Replication", info_replication),
    ("Cluster", info_cluster),
    ("Keyspace", info_keyspace),
];

pub(super) fn info(call: &mut Call<'_>, args: &Args<'_>) -> Result<(), Failure> {
    let wanted = args.skip(1);
    let everything = ["default", "all", "everything"];
    let is_everything = wanted.is_empty()
        || wanted
            .iter()
            .any(|word| everything.iter().any(|name| is(word, name)));
    let mut text = String::new();
    for (name, write) in SECTIONS {
        if is_everything || wanted.iter().any(|word| is(word, name)) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            text.push_str("# ");
            text.push_str(name);
            text.push_str("\r\n");
            write(call, &mut text);
        }
    }
    call.reply.verbatim(&text);
    Ok(())
}

/// Appends a line `name:value`.
fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{name}:{value}\r\n");
}

fn info_server(call: &Call<'_>, text: &mut String) {
    let uptime = call
        .shared
        .clock
        .monotonic()
        .saturating_since(call.shared.started)
        .as_secs();
    line(text, "redis_version", REDIS_VERSION);
    line(text, "outrigger_version", env!("CARGO_PKG_VERSION"));
    line(text, "redis_mode", "standalone");
    line(text, "os", std::env::consts::OS);
    line(text, "arch_bits", usize::BITS);
    line(text, "process_id", std::process::id());
    line(text, "tcp_port", call.shared.port.unwrap_or(0));
    line(
        text,
        "server_time_usec",
        call.shared.clock.now().as_microsecond(),
    );
    line(text, "uptime_in_seconds", uptime);
    line(text, "uptime_in_days", uptime / 86_400);
    line(
        text,
        "io_threads_active",
        u8::from(call.shared.config.threads > 1),
    );
}

fn info_clients(call: &Call<'_>, text: &mut String) {
    line(text, "connected_clients", call.shared.clients.len());
    line(text, "maxclients", call.shared.clients.max());
    line(text, "blocked_clients", 0);
}

fn info_memory(call: &Call<'_>, text: &mut String) {
    let config = call.cache.config();
    line(text, "used_memory", call.cache.memory_used());
    line(
        text,
        "used_memory_human",
        human(call.cache.memory_used() as u64),
    );
    line(text, "used_memory_dataset", call.cache.memory_used());
    line(text, "maxmemory", config.memory.as_u64());
    line(text, "maxmemory_human", human(config.memory.as_u64()));
    line(text, "maxmemory_policy", policy(config.eviction));
}

/// Returns a size as Redis prints it: two digits after the point and the first letter of the unit.
fn human(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "K", "M", "G", "T"] {
        if size < 1024.0 {
            return match unit {
                "B" => format!("{bytes}B"),
                unit => format!("{size:.2}{unit}"),
            };
        }
        size /= 1024.0;
    }
    format!("{size:.2}P")
}

fn info_persistence(_: &Call<'_>, text: &mut String) {
    for name in [
        "loading",
        "async_loading",
        "rdb_changes_since_last_save",
        "rdb_bgsave_in_progress",
        "aof_enabled",
    ] {
        line(text, name, 0);
    }
}

fn info_stats(call: &Call<'_>, text: &mut String) {
    let (stats, metrics) = (call.cache.stats(), &call.shared.metrics);
    line(text, "total_connections_received", metrics.accepted_total());
    line(text, "total_commands_processed", metrics.commands());
    line(text, "total_net_input_bytes", metrics.received_total());
    line(text, "total_net_output_bytes", metrics.sent_total());
    line(text, "rejected_connections", metrics.rejected_total());
    line(text, "expired_keys", stats.expirations);
    line(text, "evicted_keys", stats.evictions);
    line(text, "keyspace_hits", stats.hits);
    line(text, "keyspace_misses", stats.misses);
}

fn info_replication(_: &Call<'_>, text: &mut String) {
    line(text, "role", "master");
    line(text, "connected_slaves", 0);
    line(text, "master_repl_offset", 0);
}

fn info_cluster(_: &Call<'_>, text: &mut String) {
    line(text, "cluster_enabled", 0);
}

fn info_keyspace(call: &Call<'_>, text: &mut String) {
    let stats = call.cache.stats();
    for ((database, keys), expires) in Database::all().zip(stats.entries).zip(stats.volatile) {
        if keys > 0 {
            let name = format!("db{database}");
            line(
                text,
                &name,
                format_args!("keys={keys},expires={expires},avg_ttl=0"),
            );
        }
    }
}
