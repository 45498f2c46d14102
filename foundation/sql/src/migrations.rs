//! Migrations of a capability's tables.
//!
//! Each capability has its own steps and its own history table, `<capability>_migrations`, so that capabilities can be
//! added and used independently. Steps only go forward. Nodes of the previous release can share a PostgreSQL database, so a
//! step must not break them while they run. A node of the previous release that starts afterwards is rejected
//! ([`SqlError::Newer`]). To go back, restore the snapshot or dump from before the upgrade.
//!
//! On SQLite, foreign keys are off while steps run, so a step can rebuild a table that others reference. All references are
//! checked before the commit.

use crate::SqlError;

/// One step: a name `V1__description` and the SQL.
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
    /// The capability, which is the prefix of its tables.
    pub capability: &'static str,
    /// The steps for SQLite in ascending order, usually `include_str!` of the files in `migrations/sqlite`.
    pub sqlite: &'static [Migration],
    /// The steps for PostgreSQL in ascending order.
    pub postgres: &'static [Migration],
}

impl Migrations {
    /// Returns the version after all `steps`.
    #[must_use]
    pub fn newest(&self, steps: &[Migration]) -> i32 {
        steps
            .iter()
            .filter_map(|(name, _)| version_of(name))
            .max()
            .unwrap_or(0)
    }

    /// Returns the name of the table that records the applied steps.
    pub(crate) fn history_table(&self) -> String {
        format!("{}_migrations", self.capability)
    }

    /// Returns the steps with their versions and checksums.
    pub(crate) fn parsed(&self, steps: &[Migration]) -> Result<Vec<refinery::Migration>, SqlError> {
        let parsed: Result<Vec<_>, _> = steps
            .iter()
            .map(|(name, sql)| refinery::Migration::unapplied(name, sql))
            .collect();
        parsed.map_err(|error| self.failed(&error))
    }

    /// Compares the applied steps (version, name, checksum; ascending) with the known ones and returns the missing steps.
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
                    "the applied step V{version}__{name} differs from the one in this program"
                )));
            }
        }
        let missing = steps.into_iter().filter(|step| step.version() > found);
        Ok(missing.collect())
    }

    /// Returns an error for data that a newer release wrote.
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
        self.refused(crate::error::error_chain(error))
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
