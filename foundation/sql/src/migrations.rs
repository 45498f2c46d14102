//! Migrations: the steps that made the tables of a capability what they are.
//!
//! Each capability has its own steps and its own history table, `<capability>_migrations`, so that capabilities can be added
//! and used alone. Steps only go forward. Nodes of the previous release may share a PostgreSQL database, so a step must leave
//! them working while they run. A node of the previous release that starts afterwards is refused ([`SqlError::Newer`]); the way
//! back is the snapshot or the dump from before.
//!
//! On SQLite foreign keys are off while steps run, so a step may rebuild a table that others refer to; all references are
//! checked before the commit.

use crate::SqlError;

/// One step: a name `V1__words_about_it` and the SQL.
pub type Migration = (&'static str, &'static str);

/// The steps of one capability, for both databases.
///
/// ```
/// use outrigger_sql::Migrations;
///
/// const MIGRATIONS: Migrations = Migrations {
///     capability: "boats",
///     sqlite: &[("V1__boats", "create table boats (id blob primary key) strict;")],
///     postgres: &[("V1__boats", "create table boats (id uuid primary key);")],
/// };
/// assert_eq!(MIGRATIONS.newest(MIGRATIONS.sqlite), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// The capability: prefix of its tables.
    pub capability: &'static str,
    /// The steps for SQLite in ascending order; usually `include_str!` of the files in `migrations/sqlite`.
    pub sqlite: &'static [Migration],
    /// The steps for PostgreSQL in ascending order.
    pub postgres: &'static [Migration],
}

impl Migrations {
    /// The version after all `steps`.
    #[must_use]
    pub fn newest(&self, steps: &[Migration]) -> i32 {
        steps
            .iter()
            .filter_map(|(name, _)| version_of(name))
            .max()
            .unwrap_or(0)
    }

    /// The table that records which steps were taken.
    pub(crate) fn history_table(&self) -> String {
        format!("{}_migrations", self.capability)
    }

    /// The steps with their numbers and check sums.
    pub(crate) fn parsed(&self, steps: &[Migration]) -> Result<Vec<refinery::Migration>, SqlError> {
        let parsed: Result<Vec<_>, _> = steps
            .iter()
            .map(|(name, sql)| refinery::Migration::unapplied(name, sql))
            .collect();
        parsed.map_err(|error| self.failed(&error))
    }

    /// Compares the steps that were taken (number, name, check sum; ascending) with those that this program knows, and returns
    /// the missing ones.
    pub(crate) fn missing(
        &self,
        steps: &[Migration],
        taken: &[(i32, String, String)],
    ) -> Result<Vec<refinery::Migration>, SqlError> {
        let found = taken.last().map_or(0, |(version, ..)| *version);
        self.refuse_newer(steps, found)?;
        let steps = self.parsed(steps)?;
        for (version, name, checksum) in taken {
            let known = steps.iter().find(|step| step.version() == *version);
            if known
                .is_none_or(|step| step.name() != name || step.checksum().to_string() != *checksum)
            {
                return Err(self.refused(format!(
                    "the step V{version}__{name} was taken in another form than this program knows"
                )));
            }
        }
        let missing = steps.into_iter().filter(|step| step.version() > found);
        Ok(missing.collect())
    }

    /// Refuses data that a newer release has written.
    pub(crate) fn refuse_newer(&self, steps: &[Migration], found: i32) -> Result<(), SqlError> {
        let known = self.newest(steps);
        if found > known {
            return Err(SqlError::Newer {
                capability: self.capability,
                found,
                known,
            });
        }
        Ok(())
    }

    pub(crate) fn failed(&self, error: &refinery::Error) -> SqlError {
        self.refused(crate::error::chain(error))
    }

    pub(crate) fn refused(&self, detail: String) -> SqlError {
        SqlError::Migration {
            capability: self.capability,
            detail,
        }
    }
}

fn version_of(name: &str) -> Option<i32> {
    let (version, _) = name.strip_prefix('V')?.split_once("__")?;
    version.parse().ok()
}
