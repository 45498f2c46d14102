//! Which part of a list is asked for, and how it is answered; the same for every list.

use axum::{extract::FromRequestParts, http::request::Parts as Head};
use outrigger_api_types::page::{Count, CountRelation, Page, PageQuery};
use outrigger_stdx::Cursor;

use crate::{
    Failure,
    extract::{self, Query},
    state::ApiState,
};

/// A part of a list, within the limits of the contract: read from `limit` and `cursor` in the address.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Where it begins; none for the start.
    pub cursor: Option<Cursor>,
    /// How many items at most.
    pub limit: u32,
}

impl FromRequestParts<ApiState> for Part {
    type Rejection = Failure;

    async fn from_request_parts(head: &mut Head, api: &ApiState) -> Result<Self, Failure> {
        let Query(query) = Query::<PageQuery>::from_request_parts(head, api).await?;
        Ok(Self {
            cursor: extract::page_cursor(query.cursor.as_deref())?,
            limit: extract::page_limit(query.limit)?,
        })
    }
}

impl Part {
    /// The answer. A list that fits into one page is counted by having been read; another one is not counted.
    pub fn answer<T, U>(self, page: outrigger_stdx::Page<T>, to_api: impl Fn(T) -> U) -> Page<U> {
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
