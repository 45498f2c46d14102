//! Completes requests that change something even if the client disconnects.
//!
//! When a connection breaks, the futures of its requests are dropped. A request that changes something could stop between the
//! change and its audit entry, or before the response for its `Idempotency-Key` is stored. Such requests therefore run in tasks
//! of their own, and the connection only waits for them.
//!
//! There are several rooms, each with its own number of places, so that the control socket and revocations do not wait for places
//! that other requests hold.

use std::{future::Future, time::Duration};

use axum::response::{IntoResponse, Response};
use outrigger_supervisor::TaskGroup;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::{Failure, codes, strangers};

/// The group of places that a change uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Requests with credentials.
    Changes,
    /// Requests without credentials: logging in.
    Strangers,
    /// Revocations of tokens, sessions and accounts.
    Revocations,
    /// The control socket.
    Control,
    /// Requests whose body the handler reads as a stream, which can take hours.
    Uploads,
}

/// The running changes.
#[derive(Debug)]
pub(crate) struct Changes {
    rooms: [(Room, usize, TaskGroup); 5],
}

impl Changes {
    pub(crate) fn new() -> Self {
        let room = |room, places| (room, places, TaskGroup::new(places));
        Self {
            rooms: [
                room(Room::Changes, 1024),
                room(Room::Strangers, strangers::PLACES),
                room(Room::Revocations, 1024),
                room(Room::Control, 1024),
                room(Room::Uploads, 4096),
            ],
        }
    }

    /// Runs a change to its end, even if this future is dropped, and returns its response.
    pub(crate) async fn carry_out(
        &self,
        room: Room,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let (sender, answer) = oneshot::channel();
        let task = async move {
            // The client may have disconnected.
            let _ = sender.send(work.await);
        };
        let found = self.rooms.iter().find(|(known, ..)| *known == room);
        let (_, places, tasks) = found.expect("every room is in the list of `new`");
        if tasks.spawn(task.in_current_span()).is_err() {
            let detail = format!("{places} such changes are already running");
            return Failure::new(codes::UNAVAILABLE, detail)
                .with_retry_after(Duration::from_secs(1))
                .into_response();
        }
        answer
            .await
            .unwrap_or_else(|error| Failure::internal(&error).into_response())
    }

    /// Waits up to `grace` for the changes whose connections have ended.
    pub(crate) async fn finish(&self, grace: Duration) {
        let finishing = self.rooms.iter().map(|(.., tasks)| tasks.finish(grace));
        let dropped: usize = futures_util::future::join_all(finishing)
            .await
            .into_iter()
            .sum();
        if dropped > 0 {
            tracing::warn!(dropped, "changes were not finished in time");
        }
    }
}
