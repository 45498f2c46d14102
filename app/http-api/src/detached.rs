//! Changes are carried to their end, whether or not the client waits for the answer.
//!
//! A connection that breaks takes its requests with it: nobody goes on with them. For a request that changes something that
//! may be in the middle, after the change and before the audit log has it, or before the answer to its `Idempotency-Key` is
//! kept. So the server works on it apart from the connection, which only waits.
//!
//! There are several rooms, each with its own number of places, so that what must always work (the control socket, taking
//! somebody's access away) does not wait for a place that somebody else holds.

use std::{future::Future, time::Duration};

use axum::response::{IntoResponse, Response};
use outrigger_supervisor::TaskGroup;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::{Failure, codes, strangers};

/// Whose places a change takes one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Callers with credentials.
    Changes,
    /// Callers without: signing in.
    Strangers,
    /// Ending tokens, sessions and accounts.
    Revocations,
    /// The control socket.
    Control,
    /// Requests whose body the handler reads as it comes, which may take hours.
    Uploads,
}

/// The changes that are being worked on.
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

    /// Works on a change until it is done, also when nobody waits for this any more, and returns its answer.
    pub(crate) async fn carry_out(
        &self,
        room: Room,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let (sender, answer) = oneshot::channel();
        let task = async move {
            // Nobody may be waiting any more; that is the point.
            let _ = sender.send(work.await);
        };
        let found = self.rooms.iter().find(|(known, ..)| *known == room);
        let (_, places, tasks) = found.expect("every room is in the list of `new`");
        if tasks.spawn(task.in_current_span()).is_err() {
            let detail = format!("{places} such changes are being worked on");
            return Failure::new(codes::UNAVAILABLE, detail)
                .with_retry_after(Duration::from_secs(1))
                .into_response();
        }
        answer
            .await
            .unwrap_or_else(|error| Failure::internal(&error).into_response())
    }

    /// Waits for the changes whose connections have ended already, `grace` at most.
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
