//! Lists that are read in parts.
//!
//! A part begins behind the last item of the part before it, named by the time that the list is sorted by and, where that is
//! the same, by its id. So an item that is added or deleted in between shifts nothing: what was there all the time is read once.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use uuid::Uuid;

/// Where a part of a list ends and the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The time that the list is sorted by, of the last item.
    pub at: Timestamp,
    /// The last item's id.
    pub id: Uuid,
}

/// The text is not one that [`Cursor`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a cursor")]
pub struct ParseCursorError;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// After which item the next part begins; none on the last one.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// Before every item: where the first part of a list begins that is sorted from the earliest. Stores compare with this
    /// instead of asking whether there is a cursor, because a database seeks in an index only by a plain comparison.
    pub const EARLIEST: Self = Self {
        at: Timestamp::UNIX_EPOCH,
        id: Uuid::nil(),
    };

    /// After every item: where the first part of a list begins that is sorted from the latest.
    pub const LATEST: Self = Self {
        at: Timestamp::MAX,
        id: Uuid::max(),
    };
}

impl<T> Page<T> {
    /// The first `limit` of `items`, of which the store was asked for one more: it tells whether there is another part.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> Cursor) -> Self {
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
        // Nothing here is older than 1970, and not every store knows the times before it.
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
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor {
            at: Timestamp::from_microsecond(1_763_778_000_123_456).expect("it is a time"),
            id: Uuid::from_u128(7),
        };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_no_list_gave_out_is_no_cursor() {
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
