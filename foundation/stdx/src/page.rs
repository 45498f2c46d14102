//! Keyset pagination.
//!
//! A page starts after the last item of the previous page. A cursor identifies that item by its sort time and, for equal
//! times, its id. So items added or deleted in between do not shift the pages: an item that exists throughout is read
//! exactly once.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use uuid::Uuid;

/// The position of the last item of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last item's sort time.
    pub at: Timestamp,
    /// The last item's id.
    pub id: Uuid,
}

/// The error for text that is not a [`Cursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid cursor")]
pub struct ParseCursorError;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// A position before every item, for the first page in ascending order. Stores compare with this value instead of a
    /// nullable cursor because a database uses an index only for a plain comparison.
    pub const EARLIEST: Self = Self {
        at: Timestamp::UNIX_EPOCH,
        id: Uuid::nil(),
    };

    /// A position after every item, for the first page in descending order.
    pub const LATEST: Self = Self {
        at: Timestamp::MAX,
        id: Uuid::max(),
    };
}

impl<T> Page<T> {
    /// Creates a page from up to `limit + 1` items. The extra item, which the page drops, shows that there is another page.
    #[must_use]
    pub fn from_rows(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> Cursor) -> Self {
        let limit = limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(cursor);
        Self { items, next }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at.as_microsecond(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (micros, id) = text.split_once('.').ok_or(ParseCursorError)?;
        // No item is older than 1970, and not every store supports earlier times.
        let micros: i64 = micros.parse().map_err(|_| ParseCursorError)?;
        if micros < 0 {
            return Err(ParseCursorError);
        }
        Ok(Self {
            at: Timestamp::from_microsecond(micros).map_err(|_| ParseCursorError)?,
            id: id.parse().map_err(|_| ParseCursorError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_parses_back_to_the_same_value() {
        let cursor = Cursor {
            at: Timestamp::from_microsecond(1_763_778_000_123_456).expect("it is a time"),
            id: Uuid::from_u128(7),
        };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn malformed_cursors_are_rejected() {
        let id = "0190a5c2-7d3e-7cc1-a5a1-111111111111";
        let wrong = [
            "",
            ".",
            "5",
            id,
            &format!("-5.{id}"),
            &format!("{}.{id}", i64::MAX),
            "5.7",
        ];

        for text in wrong {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text}");
        }
    }
}
