//! Checks a file's identity and integrity, when it is opened and while it is open.

use std::{path::Path, sync::Arc, time::Duration};

use outrigger_stdx::{ByteSize, Clock};
use rusqlite::{Connection, Error};

use super::{connection::count, wal::checkpoint};
use crate::SqlError;

/// The maximum number of problems that an integrity check reports.
const PROBLEMS_MAX: usize = 20;
/// The time limit of the check of the whole file at startup.
const STARTUP_CHECK_TIME: Duration = Duration::from_secs(1);
/// A file of an earlier release up to this size is rewritten at startup, so that it can shrink in the future.
const STARTUP_REWRITE_MAX: ByteSize = ByteSize::mib(64);

/// How thoroughly a file is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Every page, but not whether indexes match their tables.
    Quick,
    /// Everything. Takes seconds per GB.
    Full,
}

/// Rejects a damaged file and one with another name, and upgrades one from an earlier release.
pub(super) fn prepare(
    connection: &mut Connection,
    path: &Path,
    name: &'static str,
    clock: &Arc<dyn Clock>,
) -> Result<(), SqlError> {
    check_at_start(connection, clock)?;
    check_name(connection, path, name)?;
    make_shrinkable(connection, path)
}

/// Rejects a file written under another name. Writes the name into a file without one.
fn check_name(connection: &Connection, path: &Path, name: &'static str) -> Result<(), SqlError> {
    let expected = application_id(name);
    let found: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found == expected {
        return Ok(());
    }
    if found != 0 {
        return Err(SqlError::OtherFile {
            path: path.to_owned(),
            name,
        });
    }
    if let Err(error) = connection.pragma_update(None, "application_id", expected) {
        match SqlError::from(error) {
            // A full disk must not prevent a start. The next start writes the name.
            SqlError::Full => {
                tracing::warn!(file = %path.display(), "no room to write the file's name into it");
            }
            error => return Err(error),
        }
        return Ok(());
    }
    // The file itself then has the name, not only its log, so that a foreign file is noticed. A later checkpoint does it too.
    let _ = checkpoint(connection, "passive");
    Ok(())
}

/// Derives the value of SQLite's `application_id` from a name, with FNV-1a. Never zero, which means "none".
pub(super) fn application_id(name: &str) -> i32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash | 1).cast_signed()
}

/// Checks for damage: the first pages of every table, then the whole file for up to a second.
fn check_at_start(connection: &mut Connection, clock: &Arc<dyn Clock>) -> Result<(), SqlError> {
    check_roots(connection)?;
    let (timer, deadline) = (Arc::clone(clock), clock.monotonic() + STARTUP_CHECK_TIME);
    connection.progress_handler(10_000, Some(move || timer.monotonic() > deadline))?;
    let found = check(connection, Check::Quick);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Ok(problems) if problems.is_empty() => Ok(()),
        Ok(problems) => Err(SqlError::Corrupt {
            detail: problems.join("; "),
        }),
        // The file is too large to be read in a second.
        Err(SqlError::Interrupted) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads the schema and the first pages of every table. Without these, nothing works.
pub(super) fn check_roots(connection: &Connection) -> Result<(), SqlError> {
    const TABLES: &str = "
        select name
        from sqlite_schema
        where type = 'table' and rootpage > 0";
    let mut statement = connection.prepare(TABLES)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    for name in names {
        let quoted = name?.replace('"', "\"\"");
        let first = format!("select 1 from \"{quoted}\" not indexed limit 1");
        match connection.query_row(&first, [], |_| Ok(())) {
            Ok(()) | Err(Error::QueryReturnedNoRows) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads the whole file and returns the damage it finds; empty if the file is intact.
pub(super) fn check(connection: &Connection, kind: Check) -> Result<Vec<String>, SqlError> {
    let pragma = match kind {
        Check::Quick => "quick_check",
        Check::Full => "integrity_check",
    };
    let mut statement = connection.prepare(&format!("pragma {pragma}({PROBLEMS_MAX})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Enables a file of an earlier release to shrink, if it is small enough to be rewritten at startup. A larger file stays
/// unchanged until it is compacted.
fn make_shrinkable(connection: &Connection, path: &Path) -> Result<(), SqlError> {
    const INCREMENTAL: u64 = 2;
    let size = count(connection, "page_count")?.saturating_mul(count(connection, "page_size")?);
    if count(connection, "auto_vacuum")? == INCREMENTAL || size > STARTUP_REWRITE_MAX.as_u64() {
        return Ok(());
    }
    let rewritten = connection.execute_batch("pragma auto_vacuum = incremental; vacuum;");
    if let Err(error) = rewritten {
        // It can be tried again later, and nothing depends on it.
        tracing::warn!(file = %path.display(), %error, "the file could not be rewritten so that it can shrink");
    }
    Ok(())
}
