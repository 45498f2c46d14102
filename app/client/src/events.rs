//! Events: marks on the time line.

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
    /// When a field is not within its limits, or the server refuses or cannot be reached.
    pub async fn create_event(&self, event: &NewEvent) -> Result<Event, ClientError> {
        self.post(EVENTS, event).await
    }

    /// A page of the events, the newest first.
    ///
    /// # Errors
    ///
    /// When a part of the query is wrong, or the server refuses or cannot be reached.
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
