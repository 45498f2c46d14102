//! Changes are carried to their end, whether or not the client waits for the answer.
//!
//! A connection that breaks takes its requests with it: nobody goes on with them. For a request that changes something that
//! may be in the middle, after the change and before the audit log has it, or before the answer to its `Idempotency-Key` is
//! kept. So the server works on it apart from the connection, which only waits.

use std::{future::Future, time::Duration};

use axum::response::{IntoResponse, Response};
use outrigger_supervisor::TaskGroup;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::{Failure, codes};

/// How many changes are worked on at a time.
const CHANGES_MAX: usize = 1024;

/// The changes that are worked on.
#[derive(Debug)]
pub(crate) struct Changes {
    tasks: TaskGroup,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self {
            tasks: TaskGroup::new(CHANGES_MAX),
        }
    }

    /// Works on a change until it is done, also when nobody waits for this any more, and answers with its answer.
    pub(crate) async fn carry_out(
        &self,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let (sender, answer) = oneshot::channel();
        let task = async move {
            // Nobody may be waiting any more; that is the point.
            let _ = sender.send(work.await);
        };
        if self.tasks.spawn(task.in_current_span()).is_err() {
            let detail = format!("{CHANGES_MAX} changes are being worked on");
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
        let dropped = self.tasks.finish(grace).await;
        if dropped > 0 {
            tracing::warn!(dropped, "changes were not finished in time");
        }
    }
}
