//! Requirements of tests on the machine.

use std::path::{Path, PathBuf};

use crate::SmallDisk;

/// Something that a test needs and a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// The programs of a PostgreSQL server.
    Postgres,
    /// The program `pgbouncer`.
    PgBouncer,
    /// The program `redis-server`.
    Redis,
    /// Root privileges. Their absence never fails a test.
    Root,
    /// The right to mount a file system, which root may lack in a container. Its absence never fails a test.
    Mount,
}

impl Requirement {
    /// Returns why the requirement is not met, or `None` if it is.
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

    /// Returns whether a missing requirement fails the test instead of skipping it: in CI, except for privileges.
    #[must_use]
    pub fn is_enforced(self) -> bool {
        !matches!(self, Self::Root | Self::Mount) && in_ci()
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns a program of the PostgreSQL server: the newest version of the distribution, or else the one on the search path.
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

/// Returns a program on the search path.
#[expect(
    clippy::disallowed_methods,
    reason = "tests check what is installed on the machine; `config` is for the product"
)]
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Returns whether tests run in CI, which sets `CI` in the environment.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests check where they run; `config` is for the product"
)]
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}
