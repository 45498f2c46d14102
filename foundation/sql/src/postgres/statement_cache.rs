//! The prepared statements of a connection.

use std::collections::HashMap;

use tokio_postgres::Statement;

/// The maximum number of prepared statements per connection. Each takes some KiB on the server.
const STATEMENTS_MAX: usize = 256;

/// A least-recently-used cache of statements, by their text.
#[derive(Default)]
pub(super) struct StatementCache {
    statements: HashMap<Box<str>, Used>,
    /// Counts uses, to find the least recently used statement.
    uses: u64,
}

struct Used {
    statement: Statement,
    last: u64,
}

impl StatementCache {
    pub(super) fn get(&mut self, sql: &str) -> Option<Statement> {
        let used = self.statements.get_mut(sql)?;
        self.uses += 1;
        used.last = self.uses;
        Some(used.statement.clone())
    }

    pub(super) fn insert(&mut self, sql: &str, statement: Statement) {
        if self.statements.len() >= STATEMENTS_MAX && !self.statements.contains_key(sql) {
            let oldest = self.statements.iter().min_by_key(|(_, used)| used.last);
            if let Some(oldest) = oldest.map(|(sql, _)| sql.clone()) {
                self.statements.remove(&oldest);
            }
        }
        self.uses += 1;
        let last = self.uses;
        self.statements.insert(sql.into(), Used { statement, last });
    }

    pub(super) fn clear(&mut self) {
        self.statements.clear();
    }
}
