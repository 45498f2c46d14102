//! Reading a row of either database, so that turning rows into nouns is written once.
//!
//! How the two databases keep a value: a UUID is 16 bytes in SQLite and `uuid` in PostgreSQL, a time is microseconds since 1970
//! and `timestamptz`, bytes are `blob` and `bytea`.

use jiff::Timestamp;
use rusqlite::types::Type;
use uuid::Uuid;

use crate::SqlError;

/// A row of either database.
pub trait Columns {
    /// The value of the column at `index`.
    ///
    /// # Errors
    ///
    /// When there is no such column, or it holds another type.
    fn column<T: Column>(&self, index: usize) -> Result<T, SqlError>;
}

/// A value that a column can hold.
pub trait Column: Sized {
    /// Reads it from a row of SQLite.
    ///
    /// # Errors
    ///
    /// When the column holds another type.
    fn from_sqlite(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Self>;

    /// Reads it from a row of PostgreSQL.
    ///
    /// # Errors
    ///
    /// When the column holds another type.
    fn from_postgres(
        row: &tokio_postgres::Row,
        index: usize,
    ) -> Result<Self, tokio_postgres::Error>;
}

impl Columns for rusqlite::Row<'_> {
    fn column<T: Column>(&self, index: usize) -> Result<T, SqlError> {
        Ok(T::from_sqlite(self, index)?)
    }
}

impl Columns for tokio_postgres::Row {
    fn column<T: Column>(&self, index: usize) -> Result<T, SqlError> {
        Ok(T::from_postgres(self, index)?)
    }
}

/// Values that both drivers read by themselves.
macro_rules! plain {
    ($($value:ty),*) => {
        $(impl Column for $value {
            fn from_sqlite(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Self> {
                row.get(index)
            }

            fn from_postgres(
                row: &tokio_postgres::Row,
                index: usize,
            ) -> Result<Self, tokio_postgres::Error> {
                row.try_get(index)
            }
        })*
    };
}

plain!(
    String,
    Option<String>,
    bool,
    Option<bool>,
    i64,
    Option<i64>,
    Vec<u8>,
    Option<Vec<u8>>
);

/// Values that SQLite keeps as another type.
macro_rules! kept_as {
    ($($value:ty as $kept:ty: $read:expr;)*) => {
        $(impl Column for $value {
            fn from_sqlite(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Self> {
                let read: fn($kept, usize) -> rusqlite::Result<$value> = $read;
                read(row.get(index)?, index)
            }

            fn from_postgres(
                row: &tokio_postgres::Row,
                index: usize,
            ) -> Result<Self, tokio_postgres::Error> {
                row.try_get(index)
            }
        }

        impl Column for Option<$value> {
            fn from_sqlite(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Self> {
                let read: fn($kept, usize) -> rusqlite::Result<$value> = $read;
                let kept: Option<$kept> = row.get(index)?;
                kept.map(|kept| read(kept, index)).transpose()
            }

            fn from_postgres(
                row: &tokio_postgres::Row,
                index: usize,
            ) -> Result<Self, tokio_postgres::Error> {
                row.try_get(index)
            }
        })*
    };
}

kept_as! {
    Uuid as [u8; 16]: |bytes, _| Ok(Uuid::from_bytes(bytes));
    Timestamp as i64: |micros, index| {
        Timestamp::from_microsecond(micros).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error))
        })
    };
}
