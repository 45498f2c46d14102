//! Database errors.

use std::{path::PathBuf, time::Duration};

use outrigger_stdx::ErrorKind;
use rusqlite::ErrorCode;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// The reason a database operation failed. It can be cloned, because a failed commit is the failure of every operation that
/// shared it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Another process has locked the SQLite file.
    #[error("the database file is locked by another process")]
    Busy,
    /// The disk is full. Nothing of an operation with this error is stored.
    #[error("the disk that holds the database is full")]
    Full,
    /// The row violates a constraint of the schema.
    #[error("the row violates the {kind} constraint `{name}`")]
    Constraint {
        /// The kind of the constraint.
        kind: ConstraintKind,
        /// The constraint's name; for SQLite, its columns.
        name: String,
    },
    /// The file is damaged.
    #[error("the database file is damaged: {detail}")]
    Corrupt {
        /// What SQLite found.
        detail: String,
    },
    /// The file system returned an error.
    #[error("the database file cannot be used: {detail}")]
    Io {
        /// The error from SQLite or the system.
        detail: String,
    },
    /// The file was removed or replaced while it was open.
    #[error("the database file `{path}` was removed or replaced while it was open")]
    FileGone {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file was written as another database.
    #[error("the file `{path}` is not the database `{name}`: it was written as another one")]
    OtherFile {
        /// The path of the file.
        path: PathBuf,
        /// The database expected there.
        name: &'static str,
    },
    /// Something other than a regular file has the path of the database.
    #[error("`{path}` cannot be used as a database file: {detail}")]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is.
        detail: String,
    },
    /// The disk has too little free space for a copy of the data.
    #[error("a copy of the data needs {needed} bytes, and the disk has {free} free")]
    NoSpaceForCopy {
        /// The size of the copy in bytes.
        needed: u64,
        /// The free space in bytes.
        free: u64,
    },
    /// The writer's queue was full until the time limit.
    #[error("the queue for writing to the database stayed full for {waited:?}")]
    QueueFull {
        /// The time waited.
        waited: Duration,
    },
    /// All readers were in use until the time limit.
    #[error(
        "all {readers} readers of the database file are in use (`[store] readers`), and none became free within {waited:?}"
    )]
    ReadersBusy {
        /// The number of readers.
        readers: u32,
        /// The time waited.
        waited: Duration,
    },
    /// A read exceeded its time limit and was interrupted.
    #[error("the read took longer than `[store] read_timeout` and was interrupted")]
    ReadTimeout,
    /// A read was interrupted because its caller stopped waiting.
    #[error("the read was interrupted")]
    Interrupted,
    /// The writer thread has been busy with one transaction for long: the disk hangs, or an operation blocks.
    #[error("the database file has been busy with one transaction for {busy:?}")]
    WriterStalled {
        /// The time since the transaction began.
        busy: Duration,
    },
    /// The writer thread has ended, which is a bug.
    #[error("the thread that writes to the database file has ended")]
    WriterEnded,
    /// The database was closed because the process is about to end.
    #[error("the database is closed")]
    Closed,
    /// The transaction was rolled back because another operation in it failed.
    #[error("the transaction was rolled back because another operation in it failed")]
    Aborted,
    /// The operation panicked. Nothing of it is stored.
    #[error("the database operation panicked; nothing of it was stored")]
    Panicked,
    /// The server cannot be reached.
    #[error("the PostgreSQL server cannot be reached: {detail}")]
    Unreachable {
        /// The cause.
        detail: String,
    },
    /// The connection broke. If a commit was in progress, its outcome is unknown.
    #[error("the connection to the PostgreSQL server was lost: {detail}")]
    ConnectionLost {
        /// The cause.
        detail: String,
    },
    /// The server rejected the user, the password or the database.
    #[error("the PostgreSQL server rejected the connection: {detail}")]
    Refused {
        /// The message of the server.
        detail: String,
    },
    /// The server does not accept writes.
    #[error("the PostgreSQL server is read-only")]
    ReadOnly,
    /// All connections were in use until the time limit.
    #[error(
        "all {pool_max} connections to the PostgreSQL server are in use (`[store] pool_max`), and none became free within {waited:?}"
    )]
    PoolExhausted {
        /// The size of the pool.
        pool_max: u32,
        /// The time waited.
        waited: Duration,
    },
    /// The server accepts no further connection, and no pooled connection became free in time.
    #[error(
        "the PostgreSQL server accepts no more connections, and none of the pool became free in time"
    )]
    TooManyConnections,
    /// One part of the process used all the connections it may use until the time limit.
    #[error(
        "all {max} connections to the PostgreSQL server that `{share}` may use are in use, and none became free within {waited:?}"
    )]
    ShareExhausted {
        /// The part of the process.
        share: &'static str,
        /// The limit.
        max: u32,
        /// The time waited.
        waited: Duration,
    },
    /// The server allows fewer connections than `pool_max`.
    #[error(
        "`[store] pool_max` of {pool_max} exceeds the {allowed} connections that the PostgreSQL server allows"
    )]
    PoolTooLarge {
        /// The configured limit.
        pool_max: u32,
        /// The number of connections the server allows for ordinary users.
        allowed: u32,
    },
    /// A pooler between Outrigger and the server assigns each transaction to a different session.
    #[error(
        "a connection pooler in front of the PostgreSQL server pools transactions, not sessions"
    )]
    TransactionPooling,
    /// A statement exceeded its time limit and was cancelled.
    #[error("the statement took longer than `[store] statement_timeout` and was cancelled")]
    Timeout,
    /// A text contains a character that PostgreSQL cannot store: NUL, or one that the database's encoding lacks.
    #[error("a text contains a character that the PostgreSQL database cannot store, such as NUL")]
    Unstorable,
    /// The transaction conflicted with another one and was rolled back.
    #[error("the transaction conflicted with another one and was rolled back")]
    Conflict,
    /// A lock did not become free within the `lock_timeout` of the transaction or session.
    #[error("a lock in the database did not become free in time")]
    Locked,
    /// A newer release wrote the data.
    #[error(
        "the data of `{capability}` is at version {found}, and this program knows versions up to {known}"
    )]
    Newer {
        /// The capability that owns the data.
        capability: &'static str,
        /// The version of the data.
        found: i32,
        /// The newest version that this release supports.
        known: i32,
    },
    /// A migration failed. The data is unchanged.
    #[error("the data of `{capability}` cannot be migrated: {detail}")]
    Migration {
        /// The capability that owns the data.
        capability: &'static str,
        /// The cause.
        detail: String,
    },
    /// The statement or a value in it is invalid, which is a bug.
    #[error("the statement failed: {detail}")]
    Statement {
        /// The message of the database.
        detail: String,
    },
}

/// The kind of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// Another row has the same key.
    Unique,
    /// The referenced row does not exist, or the row is still referenced.
    ForeignKey,
    /// Any other constraint.
    Check,
}

impl std::fmt::Display for ConstraintKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unique => "unique",
            Self::ForeignKey => "foreign key",
            Self::Check => "check",
        })
    }
}

impl SqlError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy
            | Self::Full
            | Self::FileGone { .. }
            | Self::NoSpaceForCopy { .. }
            | Self::QueueFull { .. }
            | Self::ReadersBusy { .. }
            | Self::ReadTimeout
            | Self::Interrupted
            | Self::WriterStalled { .. }
            | Self::WriterEnded
            | Self::Closed
            | Self::Aborted
            | Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Refused { .. }
            | Self::ReadOnly
            | Self::PoolExhausted { .. }
            | Self::ShareExhausted { .. }
            | Self::TooManyConnections
            | Self::Timeout
            | Self::Locked
            | Self::Conflict => ErrorKind::Unavailable,
            Self::Constraint { .. } => ErrorKind::Conflict,
            Self::PoolTooLarge { .. } | Self::TransactionPooling | Self::Unstorable => {
                ErrorKind::Invalid
            }
            Self::Corrupt { .. }
            | Self::Io { .. }
            | Self::OtherFile { .. }
            | Self::NotRegular { .. }
            | Self::Panicked
            | Self::Newer { .. }
            | Self::Migration { .. }
            | Self::Statement { .. } => ErrorKind::Internal,
        }
    }

    /// Returns whether the same operation can succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable() && *self != Self::Closed
    }

    /// Returns a sentence that says how to solve the problem, if known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Full | Self::NoSpaceForCopy { .. } => {
                Some("free some space on the file system that holds the data directory")
            }
            Self::FileGone { .. } => Some(
                "stop Outrigger, put the file back or restore it from a backup, and start Outrigger again",
            ),
            Self::OtherFile { .. } | Self::NotRegular { .. } => Some("put the correct file back"),
            Self::QueueFull { .. } => {
                Some("check whether the disk is slow, or raise `[store] queue`")
            }
            Self::ReadersBusy { .. } => Some("raise `[store] readers`"),
            Self::ReadTimeout => {
                Some("request less data at a time, or raise `[store] read_timeout`")
            }
            Self::WriterStalled { .. } => Some("check whether the disk is slow or hangs"),
            Self::WriterEnded => Some("restart Outrigger and report the error in the log"),
            Self::Busy => {
                Some("close the other program; only Outrigger may open its database files")
            }
            Self::Corrupt { .. } => Some("restore the data directory from a backup"),
            Self::Io { .. } => {
                Some("check the disk, and that this user can write to the data directory")
            }
            Self::Unreachable { .. } => {
                Some("check that the server is running and that `[store] url` is correct")
            }
            Self::Refused { .. } => {
                Some("check the user, password and database name in `[store] url`")
            }
            Self::ReadOnly => Some(
                "set `[store] url` to the primary, or to all servers with `target_session_attrs=read-write`",
            ),
            Self::PoolExhausted { .. } => Some("raise `[store] pool_max`"),
            Self::TooManyConnections | Self::PoolTooLarge { .. } => {
                Some("lower `[store] pool_max` or raise the server's `max_connections`")
            }
            Self::TransactionPooling => {
                Some("connect to the server directly, or configure the pooler to pool sessions")
            }
            Self::Newer { .. } => Some(
                "start the newer release, or restore the snapshot that was taken before the upgrade",
            ),
            _ => None,
        }
    }

    /// Returns the message without details that only the server's operator should see: no address, no user, no server
    /// message.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Self::Unreachable { .. } => "the PostgreSQL server cannot be reached".to_owned(),
            Self::ConnectionLost { .. } => {
                "the connection to the PostgreSQL server was lost".to_owned()
            }
            Self::Refused { .. } => "the PostgreSQL server rejected the connection".to_owned(),
            Self::Statement { .. } => "the statement failed".to_owned(),
            Self::Migration { capability, .. } => {
                format!("the data of `{capability}` cannot be migrated")
            }
            other => other.to_string(),
        }
    }

    /// Returns whether this is a violation of the unique constraint on one column. On PostgreSQL, the constraint must have
    /// the default name, `<table>_<column>_key`.
    #[must_use]
    pub fn is_unique_violation_of(&self, table: &str, column: &str) -> bool {
        let Self::Constraint {
            kind: ConstraintKind::Unique,
            name,
        } = self
        else {
            return false;
        };
        // SQLite lists the columns, PostgreSQL names the constraint.
        name.split(", ")
            .any(|part| part == format!("{table}.{column}"))
            || *name == format!("{table}_{column}_key")
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::Statement {
                detail: error.to_string(),
            };
        };
        let detail = message.clone().unwrap_or_else(|| failure.to_string());
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::OperationInterrupted => Self::Interrupted,
            ErrorCode::ConstraintViolation => Self::Constraint {
                kind: sqlite_constraint(failure.extended_code),
                name: detail
                    .split_once(": ")
                    .map_or(detail.as_str(), |(_, name)| name)
                    .to_owned(),
            },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt { detail },
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied => Self::Io { detail },
            _ => Self::Statement { detail },
        }
    }
}

fn sqlite_constraint(extended_code: i32) -> ConstraintKind {
    use rusqlite::ffi::{
        SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID,
        SQLITE_CONSTRAINT_UNIQUE,
    };
    match extended_code {
        SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID => {
            ConstraintKind::Unique
        }
        SQLITE_CONSTRAINT_FOREIGNKEY => ConstraintKind::ForeignKey,
        _ => ConstraintKind::Check,
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let detail = error_chain(&error);
            return if error.is_closed() || is_io(&error) {
                Self::ConnectionLost { detail }
            } else {
                Self::Statement { detail }
            };
        };
        let detail = answer.message().to_owned();
        let constraint = |kind| Self::Constraint {
            kind,
            name: answer.constraint().unwrap_or("unnamed").to_owned(),
        };
        let code = answer.code();
        // The first two characters are the class of the code. A server can send shorter codes.
        match (code, code.code().get(..2).unwrap_or_default()) {
            (code, _) if *code == SqlState::UNIQUE_VIOLATION => constraint(ConstraintKind::Unique),
            (code, _) if *code == SqlState::FOREIGN_KEY_VIOLATION => {
                constraint(ConstraintKind::ForeignKey)
            }
            (_, "23") => constraint(ConstraintKind::Check),
            (code, _) if *code == SqlState::DISK_FULL => Self::Full,
            (code, _) if *code == SqlState::QUERY_CANCELED => Self::Timeout,
            (code, _) if *code == SqlState::DATA_CORRUPTED => Self::Corrupt { detail },
            (code, _) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            (code, _) if *code == SqlState::LOCK_NOT_AVAILABLE => Self::Locked,
            (_, "40") => Self::Conflict,
            (code, _) if *code == SqlState::TOO_MANY_CONNECTIONS => Self::TooManyConnections,
            (code, _)
                if *code == SqlState::CHARACTER_NOT_IN_REPERTOIRE
                    || *code == SqlState::UNTRANSLATABLE_CHARACTER =>
            {
                Self::Unstorable
            }
            (_, "28" | "3D") => Self::Refused { detail },
            (_, "53" | "58") => Self::Unreachable { detail },
            // Shutdown and crash of the server.
            (_, "57" | "08") => Self::ConnectionLost { detail },
            _ => Self::Statement { detail },
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Formats an error with its causes, because the outermost message is often only "db error".
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_violation_matches_its_column_but_no_longer_name() {
        let violation = |name: &str| SqlError::Constraint {
            kind: ConstraintKind::Unique,
            name: name.to_owned(),
        };

        for name in ["boats.name", "boats.port, boats.name", "boats_name_key"] {
            assert!(
                violation(name).is_unique_violation_of("boats", "name"),
                "{name}"
            );
        }
        for name in [
            "boats.nickname",
            "boats_nickname_key",
            "boats_name",
            "ports.name",
        ] {
            assert!(
                !violation(name).is_unique_violation_of("boats", "name"),
                "{name}"
            );
        }
    }
}
