//! The sixteen databases of the Redis protocol.

use std::fmt;

/// The number of a database, 0 to 15. It is a part of the key: the same key in two databases refers to two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Database(u8);

impl Database {
    /// The number of databases.
    pub const COUNT: usize = 16;
    /// The database that HTTP uses.
    pub const ZERO: Self = Self(0);

    /// Returns the database with this number, or `None` if there is none.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Returns all databases in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
