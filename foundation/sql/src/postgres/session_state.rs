//! Detects statements that change the session, because the next user of the connection would inherit the change.
//!
//! The list guards against mistakes. It is not a parser and does not cover functions that change settings.

use crate::SqlError;

/// The first words of statements that change the session or that begin or end a transaction.
const FIRST_WORDS: &[&str] = &[
    "abort",
    "begin",
    "close",
    "commit",
    "deallocate",
    "declare",
    "discard",
    "end",
    "listen",
    "load",
    "prepare",
    "release",
    "reset",
    "rollback",
    "savepoint",
    "set",
    "start",
    "unlisten",
];

/// Functions that take a session-level lock.
const LOCKS: &[&str] = &["pg_advisory_lock", "pg_try_advisory_lock"];

/// Returns whether the statement changes the session.
pub(super) fn is_changed_by(sql: &str) -> bool {
    let mut words = sql.split_whitespace().map(str::to_ascii_lowercase);
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    match (first.as_str(), second.as_str()) {
        // Ends with the transaction.
        ("set", "local" | "constraints" | "transaction") => false,
        ("create", "temp" | "temporary") => true,
        (first, _) => FIRST_WORDS.contains(&first) || LOCKS.iter().any(|lock| sql.contains(lock)),
    }
}

pub(super) fn refused(sql: &str) -> SqlError {
    SqlError::Statement {
        detail: format!(
            "`{}` changes the session of a pooled connection: use a `dedicated` connection",
            sql.trim()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_change_the_session_are_detected() {
        for sql in [
            "set statement_timeout to 0",
            "  LISTEN boats",
            "begin",
            "create temp table t (a int)",
            "select pg_advisory_lock(1)",
            "select pg_try_advisory_lock($1)",
        ] {
            assert!(is_changed_by(sql), "{sql}");
        }
    }

    #[test]
    fn statements_that_end_with_the_transaction_are_allowed() {
        for sql in [
            "set local lock_timeout = '5s'",
            "select pg_advisory_xact_lock($1)",
            "update boats set name = $1",
            "create table boats (id bigint)",
            "",
        ] {
            assert!(!is_changed_by(sql), "{sql}");
        }
    }
}
