//! What can go wrong in a database, as far as a caller can decide about it.

use std::{path::PathBuf, time::Duration};

use outrigger_stdx::ErrorKind;
use rusqlite::ErrorCode;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// Why a database did not do what it was asked. Cloneable, because the failure of one commit is the failure of every
/// operation that shared it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Another process holds the SQLite file's lock.
    #[error("the database file is locked by another process")]
    Busy,
    /// The disk has no room left. Nothing of what was answered with this error is stored.
    #[error("the disk that holds the database is full")]
    Full,
    /// The row would break a rule of the schema.
    #[error("the row breaks the {kind} constraint `{name}`")]
    Constraint {
        /// What kind of rule.
        kind: ConstraintKind,
        /// The constraint's name, in SQLite its columns.
        name: String,
    },
    /// The file is not what it was when it was written.
    #[error("the database file is damaged: {detail}")]
    Corrupt {
        /// What SQLite found.
        detail: String,
    },
    /// The file system refuses to read or write.
    #[error("the database file cannot be used: {detail}")]
    Io {
        /// What SQLite or the system says.
        detail: String,
    },
    /// The file was removed, or another one was put into its place, while it was open.
    #[error("the database file `{path}` was removed or replaced while it was open")]
    FileGone {
        /// Where it was.
        path: PathBuf,
    },
    /// The file was written as another database.
    #[error("the file `{path}` is not the database `{name}`: it was written as another one")]
    OtherFile {
        /// Where it is.
        path: PathBuf,
        /// The database that belongs there.
        name: &'static str,
    },
    /// The disk has too little room for a copy of the data.
    #[error("a copy of the data needs {needed} bytes, and the disk has {free} free")]
    NoRoomForCopy {
        /// How many bytes the copy takes.
        needed: u64,
        /// How many bytes are free.
        free: u64,
    },
    /// The writer's queue was full, and stayed so.
    #[error("the queue for writing to the database stayed full for {waited:?}")]
    QueueFull {
        /// How long was waited.
        waited: Duration,
    },
    /// All readers are in use, and none came free in time.
    #[error(
        "all {readers} readers of the database file are in use (`[store] readers`), none came free within {waited:?}"
    )]
    ReadersBusy {
        /// The limit.
        readers: u32,
        /// How long was waited.
        waited: Duration,
    },
    /// A read took longer than allowed and was interrupted.
    #[error("a read took longer than `[store] read_timeout` and was interrupted")]
    ReadTimeout,
    /// A read was interrupted, because nobody waits for it any more.
    #[error("the read was interrupted")]
    Interrupted,
    /// The thread that writes to the file has been busy with one transaction for long: the disk hangs, or an operation waits.
    #[error("the database file has been busy with one transaction for {busy:?}")]
    WriterStalled {
        /// For how long.
        busy: Duration,
    },
    /// The thread that writes to the file has ended, which is a defect.
    #[error("the thread that writes to the database file has ended")]
    WriterEnded,
    /// The database was closed; the process is about to end.
    #[error("the database is closed")]
    Closed,
    /// The failure of another operation undid the transaction that this one shared.
    #[error("the transaction was undone by the failure of another operation in it")]
    Aborted,
    /// The operation panicked. Nothing of it is stored.
    #[error("a database operation panicked; nothing of it was stored")]
    Panicked,
    /// The server cannot be reached.
    #[error("the PostgreSQL server cannot be reached: {detail}")]
    Unreachable {
        /// Why.
        detail: String,
    },
    /// The connection broke. Whether a commit that was under way arrived is not known.
    #[error("the connection to the PostgreSQL server was lost: {detail}")]
    ConnectionLost {
        /// How.
        detail: String,
    },
    /// The server refuses the user, the password or the database.
    #[error("the PostgreSQL server refuses the connection: {detail}")]
    Refused {
        /// In the server's words.
        detail: String,
    },
    /// The server accepts no writes.
    #[error("the PostgreSQL server is read-only")]
    ReadOnly,
    /// All connections are in use, and none came free in time.
    #[error(
        "all {pool_max} connections to the PostgreSQL server are in use (`[store] pool_max`), none came free within {waited:?}"
    )]
    PoolExhausted {
        /// The limit.
        pool_max: u32,
        /// How long was waited.
        waited: Duration,
    },
    /// The server has no connection left for us, and none of ours came free in time.
    #[error(
        "the PostgreSQL server accepts no more connections, and none of ours came free in time"
    )]
    TooManyConnections,
    /// All connections that a part of the process may use at the same time are in use, and none came free in time.
    #[error(
        "all {max} connections to the PostgreSQL server that `{share}` may use are in use, none came free within {waited:?}"
    )]
    ShareExhausted {
        /// The part of the process.
        share: &'static str,
        /// The limit.
        max: u32,
        /// How long was waited.
        waited: Duration,
    },
    /// The server allows fewer connections than the pool may open.
    #[error(
        "`[store] pool_max` of {pool_max} exceeds the {allowed} connections that the PostgreSQL server allows"
    )]
    PoolTooLarge {
        /// The configured limit.
        pool_max: u32,
        /// What the server leaves to ordinary users.
        allowed: u32,
    },
    /// Something between us and the server gives each transaction another session.
    #[error(
        "a connection pooler in front of the PostgreSQL server pools transactions, not sessions"
    )]
    TransactionPooling,
    /// A statement took longer than allowed and was cancelled.
    #[error("a statement took longer than `[store] statement_timeout` and was cancelled")]
    Timeout,
    /// A text has a character that PostgreSQL does not store: NUL, or one that the database's encoding does not have.
    #[error("a text has a character that the PostgreSQL database cannot store, such as NUL")]
    Unstorable,
    /// Two transactions got into each other's way, and this one was undone.
    #[error("the transaction collided with another one and was undone")]
    Conflict,
    /// A lock was not free within the `lock_timeout` of the transaction or session.
    #[error("a lock in the database was not free in time")]
    Locked,
    /// A newer release has written the data.
    #[error(
        "the data of `{capability}` is at version {found}, and this program knows versions up to {known}"
    )]
    Newer {
        /// Whose data.
        capability: &'static str,
        /// The version of the data.
        found: i32,
        /// The newest version that this program knows.
        known: i32,
    },
    /// A migration could not be applied. The data is as it was before.
    #[error("the data of `{capability}` cannot be migrated: {detail}")]
    Migration {
        /// Whose data.
        capability: &'static str,
        /// What happened.
        detail: String,
    },
    /// The statement is wrong, or a value does not fit: a defect.
    #[error("a statement failed: {detail}")]
    Statement {
        /// What the database says.
        detail: String,
    },
}

/// A kind of rule in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// Another row has the same key.
    Unique,
    /// The row that is referred to does not exist, or is still referred to.
    ForeignKey,
    /// Any other rule.
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
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy
            | Self::Full
            | Self::FileGone { .. }
            | Self::NoRoomForCopy { .. }
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
            | Self::Panicked
            | Self::Newer { .. }
            | Self::Migration { .. }
            | Self::Statement { .. } => ErrorKind::Internal,
        }
    }

    /// Whether the same operation may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable() && *self != Self::Closed
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Full | Self::NoRoomForCopy { .. } => {
                Some("free some space on the file system that holds the data directory")
            }
            Self::FileGone { .. } => Some(
                "stop Outrigger, put the file back or restore it from a backup, and start again",
            ),
            Self::OtherFile { .. } => Some("put the right file back into its place"),
            Self::QueueFull { .. } => {
                Some("check whether the disk is slow; `[store] queue` is the limit")
            }
            Self::ReadersBusy { .. } => Some("raise `[store] readers`"),
            Self::ReadTimeout => Some("ask for less at a time, or raise `[store] read_timeout`"),
            Self::WriterStalled { .. } => Some("check whether the disk is slow or does not answer"),
            Self::WriterEnded => Some("start Outrigger again, and report what the log says"),
            Self::Busy => {
                Some("only Outrigger may open its database files; close the other program")
            }
            Self::Corrupt { .. } => Some("restore the data directory from a backup"),
            Self::Io { .. } => {
                Some("check the disk, and that this user may write to the data directory")
            }
            Self::Unreachable { .. } => {
                Some("check that the server runs and that `[store] url` names it")
            }
            Self::Refused { .. } => Some("check user, password and database name in `[store] url`"),
            Self::ReadOnly => Some(
                "let `[store] url` name the primary, or all servers with `target_session_attrs=read-write`",
            ),
            Self::PoolExhausted { .. } => Some("raise `[store] pool_max`"),
            Self::TooManyConnections | Self::PoolTooLarge { .. } => {
                Some("lower `[store] pool_max` or raise the server's `max_connections`")
            }
            Self::TransactionPooling => {
                Some("connect to the server itself, or let the pooler pool sessions")
            }
            Self::Newer { .. } => Some(
                "start the newer release, or restore the snapshot that was taken before the upgrade",
            ),
            _ => None,
        }
    }

    /// What happened, without what only the operator of the server should read: no address, no user, no words of the server.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Self::Unreachable { .. } => "the PostgreSQL server cannot be reached".to_owned(),
            Self::ConnectionLost { .. } => {
                "the connection to the PostgreSQL server was lost".to_owned()
            }
            Self::Refused { .. } => "the PostgreSQL server refuses the connection".to_owned(),
            Self::Statement { .. } => "a statement failed".to_owned(),
            Self::Migration { capability, .. } => {
                format!("the data of `{capability}` cannot be migrated")
            }
            other => other.to_string(),
        }
    }

    /// Whether the unique constraint of one column was broken. On PostgreSQL it must have the name that the server gives it by
    /// default, `<table>_<column>_key`.
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
            let detail = chain(&error);
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
        // The first two characters are the class of the code; what a server sends need not have so many.
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

/// An error with its causes, since the outermost one often says no more than "db error".
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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
    fn a_unique_violation_is_of_the_column_and_of_no_other_that_contains_its_name() {
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
