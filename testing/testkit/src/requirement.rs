//! What a test needs from the machine.

use std::path::{Path, PathBuf};

use crate::SmallDisk;

/// Something a test needs that a machine may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// The programs of a PostgreSQL server.
    Postgres,
    /// The program `pgbouncer`.
    PgBouncer,
    /// The program `redis-server`.
    Redis,
    /// The rights of root. Missing rights never fail a test.
    Root,
    /// The right to mount a file system, which root in a container may lack. Missing rights never fail a test.
    Mount,
}

impl Requirement {
    /// Why the machine does not have it; `None` when it does.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Postgres => postgres_program("initdb")
                .is_none()
                .then_some("PostgreSQL is not installed: no `initdb` found"),
            Self::PgBouncer => program("pgbouncer")
                .is_none()
                .then_some("PgBouncer is not installed: no `pgbouncer` found"),
            Self::Redis => program("redis-server")
                .is_none()
                .then_some("Redis is not installed: no `redis-server` found"),
            Self::Root => (!is_root()).then_some("only root can do this"),
            Self::Mount => SmallDisk::mount(1).err(),
        }
    }

    /// Whether a test that misses it fails instead of being skipped: everything in CI, except rights.
    #[must_use]
    pub fn is_enforced(self) -> bool {
        !matches!(self, Self::Root | Self::Mount) && in_ci()
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of the PostgreSQL server: the newest of the distribution's, else what the search path has.
pub(crate) fn postgres_program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|program| program.is_file())
        .max_by_key(|program| version_of(program));
    newest.or_else(|| program(name))
}

fn version_of(program: &Path) -> u32 {
    program
        .iter()
        .filter_map(|part| part.to_str()?.parse().ok())
        .next_back()
        .unwrap_or(0)
}

/// A program on the search path.
#[expect(
    clippy::disallowed_methods,
    reason = "tests ask the environment what the machine has; `config` is for the product"
)]
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Whether tests run in CI, where what is missing is a failure: the environment says so with `CI`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests ask the environment where they run; `config` is for the product"
)]
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}
