//! Events: marks on the time axis of charts.

use outrigger_api_types::{
    events::{Event, EventKind, EventQuery, NewEvent},
    page::Page,
};

use crate::{Client, ClientError, key};

const EVENTS: &str = "/api/v1/events";

impl Client {
    /// Adds an event.
    ///
    /// # Errors
    ///
    /// Returns an error if a field exceeds its limits, the server refuses, or the server is unreachable.
    pub async fn create_event(&self, event: &NewEvent) -> Result<Event, ClientError> {
        self.post(EVENTS, event).await
    }

    /// Returns a page of events, newest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the query is invalid, the server refuses, or the server is unreachable.
    pub async fn events(&self, events: &EventQuery) -> Result<Page<Event>, ClientError> {
        let limit = events.limit.map(|limit| limit.to_string());
        let path = key::with_query(
            EVENTS,
            &[
                ("from", events.from.as_deref()),
                ("to", events.to.as_deref()),
                ("kind", events.kind.map(EventKind::as_str)),
                ("limit", limit.as_deref()),
                ("cursor", events.cursor.as_deref()),
            ],
        );
        self.get(&path).await
    }
}
