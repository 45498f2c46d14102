//! The chunks in the file.

use std::sync::Arc;

use outrigger_sql::SqlError;
use outrigger_stdx::ByteSize;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Chunks,
    chunk::Chunk,
    grid::Grid,
    statements,
    tier::{TIERS, Tier},
};
use crate::{HistoryError, HistoryFile};

/// The maximum number of chunks that one write deletes to stay below the size limit.
const EVICTED_MAX: usize = 64;
/// The approximate size of a chunk, for the writer's queue.
const CHUNK_SIZE: ByteSize = ByteSize::kib(16);

/// Merges `chunks` into the file and deletes the oldest chunks if their total size exceeds `bytes_max`. Returns the total size.
pub(super) async fn write(
    file: &HistoryFile,
    chunks: Arc<Chunks>,
    bytes_max: ByteSize,
) -> Result<u64, HistoryError> {
    let database = file.database()?;
    let size = ByteSize::from_bytes(CHUNK_SIZE.as_u64() * chunks.len() as u64);
    let used = database
        .write_bulk(size, move |connection| {
            for ((tier, start_ms), chunk) in &*chunks {
                merge(connection, *tier, *start_ms, chunk)?;
            }
            evict(connection, bytes_max.as_u64())
        })
        .await?;
    Ok(used)
}

fn merge(
    connection: &Connection,
    tier: Tier,
    start_ms: i64,
    chunk: &Chunk,
) -> Result<(), SqlError> {
    let found: Option<Vec<u8>> = connection
        .prepare_cached(statements::FIND)?
        .query_row(params![tier.number, start_ms], |row| row.get(0))
        .optional()?;
    let mut merged = found
        .and_then(|data| Chunk::decode(&data))
        .unwrap_or_default();
    merged.merge(chunk);
    connection
        .prepare_cached(statements::SAVE)?
        .execute(params![tier.number, start_ms, merged.encode()])?;
    Ok(())
}

/// Deletes the oldest chunks of the coarsest tier first, but never the newest chunk of a tier.
fn evict(connection: &Connection, bytes_max: u64) -> Result<u64, SqlError> {
    let used: i64 = connection
        .prepare_cached(statements::SIZE)?
        .query_row([], |row| row.get(0))?;
    let mut used = used.unsigned_abs();
    let mut tiers = TIERS.iter().rev();
    let mut tier = tiers.next();
    for _ in 0..EVICTED_MAX {
        let Some(coarse) = tier.filter(|_| used > bytes_max) else {
            break;
        };
        let oldest: Option<(i64, i64, bool)> = connection
            .prepare_cached(statements::OLDEST)?
            .query_row([coarse.number], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        match oldest {
            Some((start_ms, length, false)) => {
                connection
                    .prepare_cached(statements::DELETE)?
                    .execute(params![coarse.number, start_ms])?;
                used = used.saturating_sub(length.unsigned_abs());
            }
            Some((.., true)) | None => tier = tiers.next(),
        }
    }
    Ok(used)
}

/// Adds the stored chunks to the grid. Omits chunks that cannot be read.
pub(super) fn read(
    connection: &Connection,
    mut grid: Grid,
    first: i64,
    last: i64,
) -> Result<Grid, SqlError> {
    let mut statement = connection.prepare_cached(statements::RANGE)?;
    let mut rows = statement.query(params![grid.tier.number, first, last])?;
    while let Some(row) = rows.next()? {
        let (start_ms, data): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if let Some(chunk) = Chunk::decode(&data) {
            grid.add(start_ms, &chunk);
        }
    }
    Ok(grid)
}

/// Deletes the chunks that are too old at `now_ms`.
pub(super) async fn prune(file: &HistoryFile, now_ms: i64) -> Result<(), HistoryError> {
    let database = file.database()?;
    database
        .write(move |connection| {
            let mut prune = connection.prepare_cached(statements::PRUNE)?;
            for tier in TIERS {
                prune.execute(params![tier.number, tier.too_old_before(now_ms)])?;
            }
            Ok::<_, SqlError>(())
        })
        .await?;
    Ok(())
}
