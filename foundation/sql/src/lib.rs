//! Access to SQLite and PostgreSQL.
//!
//! A capability writes its SQL once per database, because their strengths differ. This crate contains everything else a
//! store needs: opening, migrating, pooling, monitoring and closing a database. No other crate opens connections.
//!
//! * [`SqliteDatabase`]: one writer thread per file, which shares each commit between all waiting operations, and a pool of
//!   readers.
//! * [`PostgresDatabase`]: a connection pool in the schema `outrigger`, with checks of idle connections and reconnection
//!   with backoff; [transactions](PostgresDatabase::transaction) that are retried on conflicts;
//!   [dedicated](PostgresDatabase::dedicated) connections for long work; [notifications](PostgresListener).
//! * [`Migrations`]: forward only, run under a lock, rejecting data that a newer release wrote.
//! * [`Columns`]: reads rows of either database.
//! * [`statements!`](crate::statements): SQL as named constants, which a test can prepare.
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
pub use metrics::{SqliteCounters, StoreMetrics};
pub use migrations::{Migration, Migrations};
pub use postgres::{
    ConnectionChecker, DedicatedConnection, Notification, Notifications, PostgresClient,
    PostgresConnection, PostgresDatabase, PostgresListener, PostgresOptions, PostgresTransaction,
    PostgresValues,
};
pub use sqlite::{Check, Durability, SqliteDatabase, SqliteHealth, SqliteOptions};
pub use statements::BrokenStatement;
pub use url::{ParseStoreUrlError, PostgresUrl, StoreUrl};

// Re-exported so that all crates use the same version.
pub use rusqlite;
pub use tokio_postgres;
