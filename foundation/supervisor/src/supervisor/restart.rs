//! Runs one service, restarts it after a failure, and drops it when it is overdue.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use outrigger_stdx::{Backoff, Clock};

use super::list::{List, PendingService, ServiceId};
use crate::{Service, ServiceState, ServiceStatus, Stop};

/// A service that ran this long counts as recovered: its backoff starts over.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// Runs a service until it has stopped.
pub(super) async fn run_service(start: PendingService, list: Arc<List>, clock: Arc<dyn Clock>) {
    let PendingService { id, service, stop } = start;
    let status = Status { list, id };
    // Declared first, so that it is dropped after the service, even if dropping the service panics.
    let _end = End(&status);
    let mut service = service;
    let name = service.name();
    tokio::select! {
        biased;
        () = keep_running(&mut *service, &name, &*clock, &status, &stop) => {}
        () = overdue(&status, &*clock, &stop) => {
            tracing::warn!(service = %name, "a service did not stop in time and was dropped");
            status.update(|status| {
                status.state = ServiceState::Stopped;
                status.last_error = Some("did not stop in time".to_owned());
            });
        }
    }
}

/// Updates the status of one service.
struct Status {
    list: Arc<List>,
    id: ServiceId,
}

impl Status {
    fn update(&self, change: impl FnOnce(&mut ServiceStatus)) {
        self.list.update(self.id, change);
    }
}

struct End<'a>(&'a Status);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.list.ended(self.0.id);
    }
}

async fn overdue(status: &Status, clock: &dyn Clock, stop: &Stop) {
    stop.cancelled().await;
    if let Some(abort_at) = status.list.abort_at(status.id) {
        clock.sleep_until(abort_at).await;
    }
}

async fn keep_running(
    service: &mut dyn Service,
    name: &str,
    clock: &dyn Clock,
    status: &Status,
    stop: &Stop,
) {
    let mut backoff = Backoff::new(Duration::from_millis(200), 2, Duration::from_secs(30));
    loop {
        status.update(|status| status.state = ServiceState::Running);
        let started = clock.monotonic();
        let outcome = AssertUnwindSafe(service.run(stop.clone()))
            .catch_unwind()
            .await;
        let why = match outcome {
            Ok(Ok(())) if stop.is_cancelled() => {
                status.update(|status| status.state = ServiceState::Stopped);
                return;
            }
            Ok(Ok(())) => "it returned before it was stopped".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("it panicked: {}", panic_message(&*panic)),
        };
        if stop.is_cancelled() {
            // Log the error: it may be the only trace of data that was not flushed or closed.
            tracing::error!(service = %name, why, "a service failed while it stopped");
            status.update(|status| {
                status.state = ServiceState::Stopped;
                status.last_error = Some(why);
            });
            return;
        }
        if clock.monotonic().saturating_since(started) >= HEALTHY_AFTER {
            backoff.reset();
        }
        let wait = backoff.next_random();
        tracing::error!(service = %name, why, ?wait, "a service failed and will be restarted");
        status.update(|status| {
            status.state = ServiceState::Waiting;
            status.restarts += 1;
            status.last_error = Some(why);
        });
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stop.cancelled() => {
                status.update(|status| status.state = ServiceState::Stopped);
                return;
            }
        }
    }
}

/// Returns the message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
