//! `cache`: reads, writes and clears the cache.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Subcommand;
use outrigger_api_types::cache::CacheStats;
use outrigger_client::{Client, ClientError};
use serde_json::json;

use crate::{
    answer::Answer,
    connect::Connector,
    error::CliError,
    human, input,
    output::{Output, Reader},
    table::Table,
};

/// Read, write and clear the cache. Keys are in database 0.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print the value of a key, byte for byte
    Get {
        /// The key
        key: OsString,
    },
    /// Set the value of a key
    Set {
        /// The key
        key: OsString,
        /// The value; read from standard input if missing or `-`
        value: Option<OsString>,
        /// Time to live, such as `60s` [default: `[cache] ttl`]
        #[arg(long, value_name = "DURATION")]
        ttl: Option<String>,
    },
    /// Delete keys
    Delete {
        /// The keys
        #[arg(required = true)]
        keys: Vec<OsString>,
    },
    /// Remove all entries
    Clear {
        /// Only the entries of this Redis database, 0 to 15
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..16))]
        database: Option<u8>,
    },
    /// Show the number of entries, the memory in use, the hit ratio and counters
    Stats,
}

impl CacheCommand {
    pub(super) async fn run(
        self,
        connector: &Connector<'_>,
        output: &Output,
    ) -> Result<Answer, CliError> {
        let client = connector.server()?;
        match self {
            Self::Get { key } => get(&client, &key, output).await,
            Self::Set { key, value, ttl } => set(&client, &key, value, ttl.as_deref()).await,
            Self::Delete { keys } => delete(&client, &keys).await,
            Self::Clear { database } => {
                let cleared = client.clear_cache(database).await?;
                let text = format!(
                    "removed {}",
                    human::count(cleared.removed, "entry", "entries")
                );
                Ok(Answer::new(&cleared, text))
            }
            Self::Stats => {
                let stats = client.cache_stats().await?;
                let text = stats_text(&stats);
                Ok(Answer::new(&stats, text))
            }
        }
    }
}

async fn get(client: &Client, key: &OsString, output: &Output) -> Result<Answer, CliError> {
    let mut value = match client.read_entry(key.as_bytes()).await {
        Err(ClientError::Refused(problem)) if problem.status == 404 => {
            return Err(CliError::NotFound {
                what: "entry",
                name: human::visible(&key.to_string_lossy()),
                hint: None,
            });
        }
        answer => answer?,
    };
    let cut = |error| CliError::from(client.explain_transport_error(error));
    if output.is_for_programs() {
        let value = value.collect(usize::MAX).await.map_err(cut)?;
        return Ok(Answer::quiet(&json!({
            "key": key.to_string_lossy(),
            "value": std::str::from_utf8(&value).ok(),
            "value_base64": STANDARD.encode(&value),
        })));
    }
    while let Some(piece) = value.next().await.map_err(cut)? {
        if output.give_on(&piece)? == Reader::Gone {
            break;
        }
    }
    Ok(Answer::quiet(&json!({ "key": key.to_string_lossy() })))
}

async fn set(
    client: &Client,
    key: &OsString,
    value: Option<OsString>,
    ttl: Option<&str>,
) -> Result<Answer, CliError> {
    let key_bytes = key.as_bytes();
    let bytes = match value {
        Some(value) if value != "-" => {
            let value = value.as_bytes().to_vec();
            let bytes = value.len() as u64;
            client.put_entry(key_bytes, value, ttl).await?;
            bytes
        }
        _ => {
            let sent = Arc::new(AtomicU64::new(0));
            let input = input::pieces(Arc::clone(&sent))?;
            client.write_entry(key_bytes, input, ttl).await?;
            sent.load(Ordering::Relaxed)
        }
    };
    let key = key.to_string_lossy();
    let note = format!("set {} ({})", human::visible(&key), human::size(bytes));
    Ok(Answer::quiet(&json!({ "key": key, "bytes": bytes })).with_note(note))
}

async fn delete(client: &Client, keys: &[OsString]) -> Result<Answer, CliError> {
    for key in keys {
        client.delete_entry(key.as_bytes()).await?;
    }
    let keys: Vec<_> = keys.iter().map(|key| key.to_string_lossy()).collect();
    let note = format!("deleted {}", human::count(keys.len() as u64, "key", "keys"));
    Ok(Answer::quiet(&json!({ "keys": keys })).with_note(note))
}

fn stats_text(stats: &CacheStats) -> String {
    let mut facts = Table::facts();
    facts.fact("entries", stats.entries.to_string());
    facts.fact(
        "memory",
        format!(
            "{} of {}",
            human::size(stats.memory_bytes),
            human::size(stats.memory_max_bytes)
        ),
    );
    let ratio = stats
        .hit_ratio
        .map_or("no reads yet".to_owned(), human::percent);
    facts.fact("hit ratio", ratio);
    for (name, figure) in [
        ("hits", stats.hits),
        ("misses", stats.misses),
        ("writes", stats.writes),
        ("deletes", stats.deletes),
        ("expired", stats.expirations),
        ("evicted", stats.evictions),
        ("refused", stats.refusals),
        ("connections", stats.connections),
        ("commands", stats.commands),
    ] {
        facts.fact(name, figure.to_string());
    }
    facts.fact("eviction", stats.eviction.clone());
    for database in &stats.databases {
        let entries = human::count(database.entries, "entry", "entries");
        facts.fact(&format!("database {}", database.database), entries);
    }
    facts.render(0)
}

#[cfg(test)]
mod tests {
    use outrigger_api_types::cache::CacheDatabase;

    use super::*;

    #[test]
    fn stats_are_one_figure_per_line_with_units() {
        let stats = CacheStats {
            entries: 3,
            memory_bytes: 1536,
            memory_max_bytes: 64 << 20,
            eviction: "all".into(),
            hits: 7,
            misses: 1,
            hit_ratio: Some(0.875),
            writes: 4,
            deletes: 1,
            expirations: 0,
            evictions: 0,
            refusals: 0,
            connections: 2,
            commands: 15,
            databases: vec![CacheDatabase {
                database: 0,
                entries: 3,
            }],
        };

        insta::assert_snapshot!(stats_text(&stats), @r"
        entries      3
        memory       1.5 KiB of 64 MiB
        hit ratio    87.5%
        hits         7
        misses       1
        writes       4
        deletes      1
        expired      0
        evicted      0
        refused      0
        connections  2
        commands     15
        eviction     all
        database 0   3 entries
        ");
    }
}
