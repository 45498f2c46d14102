//! Which part of a list was asked for, and how it is answered; the same for every list of this capability.

use outrigger_access::Cursor;
use outrigger_api_types::page::{Count, CountRelation, Page, PageQuery};

use crate::{Failure, extract};

/// A part of a list, within the limits of the contract.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Where it begins; none for the start.
    pub(super) cursor: Option<Cursor>,
    /// How many items at most.
    pub(super) limit: u32,
}

impl Part {
    pub(super) fn of(query: &PageQuery) -> Result<Self, Failure> {
        Ok(Self {
            cursor: extract::page_cursor(query.cursor.as_deref())?,
            limit: extract::page_limit(query.limit)?,
        })
    }

    /// The answer. A list that fits into one page is counted by having been read; another one is not counted.
    pub(super) fn answer<T, U>(
        self,
        page: outrigger_access::Page<T>,
        to_api: impl Fn(T) -> U,
    ) -> Page<U> {
        let is_whole = self.cursor.is_none() && page.next.is_none();
        let count = is_whole.then_some(Count {
            value: page.items.len() as u64,
            relation: CountRelation::Eq,
        });
        Page {
            items: page.items.into_iter().map(to_api).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
            count,
        }
    }
}
