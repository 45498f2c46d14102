//! Pagination, the same for every list.

use axum::{extract::FromRequestParts, http::request::Parts as Head};
use outrigger_api_types::page::{Count, CountRelation, Page, PageQuery};
use outrigger_stdx::Cursor;

use crate::{
    Failure,
    extract::{self, Query},
    state::ApiState,
};

/// The requested page of a list, from the query parameters `limit` and `cursor`.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The cursor of the previous page; `None` for the first page.
    pub cursor: Option<Cursor>,
    /// The maximum number of items.
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
    /// Converts a page to its API type. The response contains the count only if the list fits into one page, because counting a
    /// longer list would require another query.
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
