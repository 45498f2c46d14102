//! Statements that change more than data: what they set stays with the connection, and its next user would find it.
//!
//! The list is a guard against mistakes, not a parser. Functions that change settings are beyond it.

use crate::SqlError;

/// First words of statements that change the session, or that open or end a transaction behind our back.
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

/// Functions that take a lock which lasts as long as the session.
const LOCKS: &[&str] = &["pg_advisory_lock", "pg_try_advisory_lock"];

/// Whether the statement leaves something behind on its connection.
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
            "`{}` changes the connection, which others use after it: take a `dedicated` one",
            sql.trim()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_the_statement_is_found() {
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
    fn what_ends_with_the_transaction_is_allowed() {
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
