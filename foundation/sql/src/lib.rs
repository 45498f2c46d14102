//! SQLite and PostgreSQL, opened in one place.
//!
//! A capability writes its SQL twice, once per database, because the two are good at different things; what it should not
//! write twice is how a database is opened, migrated, shared, watched and closed. That is here, and it is the only place that
//! opens a pool.
//!
//! * [`SqliteDatabase`]: one writer thread per file that shares each commit between all operations that wait for one, and a
//!   pool of readers beside it.
//! * [`PostgresDatabase`]: a pool of connections in the schema `outrigger`, checked while idle, reconnected with backoff;
//!   [transactions](PostgresDatabase::transaction) that are repeated when they collide; connections
//!   [of one's own](PostgresDatabase::dedicated) for long work; [notifications](PostgresListener).
//! * [`Migrations`]: forward only, run under a lock, refusing data that a newer release has written.
//! * [`Columns`]: reading a row of either database.
//! * [`statements!`](crate::statements): SQL as named constants, all of which a test can prepare.
//!
//! This crate knows no table.
//!
//! ```no_run
//! use outrigger_sql::{Migrations, SqlError, SqliteDatabase, SqliteOptions};
//! use outrigger_stdx::SystemClock;
//!
//! const MIGRATIONS: Migrations = Migrations {
//!     capability: "boats",
//!     sqlite: &[("V1__boats", "create table boats (name text not null unique) strict;")],
//!     postgres: &[],
//! };
//!
//! # async fn example(path: &std::path::Path) -> Result<(), SqlError> {
//! let clock = SystemClock::shared();
//! let database = SqliteDatabase::open(path, SqliteOptions::default(), clock).await?;
//! database.migrate(MIGRATIONS).await?;
//! database
//!     .write(|connection| -> Result<(), SqlError> {
//!         connection.execute("insert into boats (name) values (?1)", ["Hikianalia"])?;
//!         Ok(())
//!     })
//!     .await?;
//! database.close().await;
//! # Ok(())
//! # }
//! ```

mod columns;
mod config;
mod error;
mod metrics;
mod migrations;
mod postgres;
mod sqlite;
mod statements;
mod url;

pub use columns::{Column, Columns};
pub use config::StoreConfig;
pub use error::{ConstraintKind, SqlError};
pub use metrics::{SqliteFigures, StoreMetrics};
pub use migrations::{Migration, Migrations};
pub use postgres::{
    ConnectionChecker, DedicatedConnection, Notification, Notifications, PostgresClient,
    PostgresConnection, PostgresDatabase, PostgresListener, PostgresOptions, PostgresTransaction,
    PostgresValues,
};
pub use sqlite::{Check, Durability, SqliteDatabase, SqliteHealth, SqliteOptions};
pub use statements::BrokenStatement;
pub use url::{ParseStoreUrlError, PostgresUrl, StoreUrl};

// The only way to name them, so that all crates mean the same version.
pub use rusqlite;
pub use tokio_postgres;
