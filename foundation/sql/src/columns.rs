//! Reads rows of either database, so that the conversion from rows to types is written only once.
//!
//! The two databases store some types differently: a UUID is 16 bytes in SQLite and `uuid` in PostgreSQL, a time is
//! microseconds since 1970 and `timestamptz`, bytes are `blob` and `bytea`.

use jiff::Timestamp;
use rusqlite::types::Type;
use uuid::Uuid;

use crate::SqlError;

/// A row of either database.
pub trait Columns {
    /// Returns the value of the column at `index`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such column or if it has another type.
    fn column<T: Column>(&self, index: usize) -> Result<T, SqlError>;
}

/// A type that can be read from a column.
pub trait Column: Sized {
    /// Reads the value from a SQLite row.
    ///
    /// # Errors
    ///
    /// Returns an error if the column has another type.
    fn from_sqlite(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Self>;

    /// Reads the value from a PostgreSQL row.
    ///
    /// # Errors
    ///
    /// Returns an error if the column has another type.
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

/// Types that both drivers support.
macro_rules! native {
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

native!(
    String,
    Option<String>,
    bool,
    Option<bool>,
    i64,
    Option<i64>,
    Vec<u8>,
    Option<Vec<u8>>
);

/// Types that SQLite stores as another type.
macro_rules! stored_as {
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

stored_as! {
    Uuid as [u8; 16]: |bytes, _| Ok(Uuid::from_bytes(bytes));
    Timestamp as i64: |micros, index| {
        Timestamp::from_microsecond(micros).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error))
        })
    };
}
