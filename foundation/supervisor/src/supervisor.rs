//! The supervisor, which owns all services.

mod list;
mod restart;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use outrigger_stdx::Clock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::list::List;
pub use self::list::{ServiceId, Stopping};
pub(crate) use self::restart::panic_message;
use crate::{Phase, Service, ServiceStatus};

/// How long an overdue service may take to reach its next `.await`, where it is dropped.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// Runs all services, restarts those that fail, and stops them in the order of [`Phase`].
#[derive(Debug)]
pub struct Supervisor {
    handle: SupervisorHandle,
}

/// Adds and removes services of a [`Supervisor`] and reads their status. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SupervisorHandle {
    list: Arc<List>,
    clock: Arc<dyn Clock>,
}

impl Supervisor {
    /// Creates a supervisor without services.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let list = Arc::default();
        Self {
            handle: SupervisorHandle { list, clock },
        }
    }

    /// Adds a service that stops in `phase`. It starts when [`run`](Self::run) is called.
    pub fn add(&mut self, phase: Phase, service: impl Service) -> ServiceId {
        let added = self.handle.add(phase, service);
        added.expect("only `run`, which consumes the supervisor, closes the list")
    }

    /// Returns a handle that adds and removes services at run time and reads their status.
    #[must_use]
    pub fn handle(&self) -> SupervisorHandle {
        self.handle.clone()
    }

    /// Runs all services until `stop` is cancelled, then stops them phase by phase.
    ///
    /// Each phase has `grace` to end. Its services get a deadline a tenth of `grace` earlier, and are dropped at their next
    /// `.await` when `grace` is over.
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        let SupervisorHandle { list, clock } = self.handle;
        // Dropping the set ends the services when this future is dropped.
        let mut tasks = JoinSet::new();
        loop {
            for new in list.take_new() {
                tasks.spawn(restart::run_service(
                    new,
                    Arc::clone(&list),
                    Arc::clone(&clock),
                ));
            }
            if list.is_closed() {
                break;
            }
            tokio::select! {
                // One more pass starts the services added in the meantime, so that they too stop in order.
                () = stop.cancelled() => list.close(),
                () = list.changed() => {}
                Some(_) = tasks.join_next() => {}
            }
        }
        for phase in Phase::ORDER {
            let now = clock.monotonic();
            let (deadline, abort_at) = (now + grace.mul_f64(0.9), now + grace);
            let ends = list.stop_phase(phase, deadline, abort_at);
            tokio::select! {
                _ = join_all(ends.iter().map(CancellationToken::cancelled)) => {}
                () = clock.sleep_until(abort_at + ABORT_GRACE) => list.give_up(phase),
            }
        }
    }
}

impl SupervisorHandle {
    /// Adds a service that stops in `phase`. It starts immediately if the supervisor is running.
    ///
    /// # Errors
    ///
    /// Returns [`Stopping`] if the process is shutting down; the service is dropped.
    pub fn add(&self, phase: Phase, service: impl Service) -> Result<ServiceId, Stopping> {
        self.list.add(phase, Box::new(service))
    }

    /// Stops and removes a service. Returns `false` if there is no such service.
    ///
    /// Waits until the service has ended, for at most `grace`, unless the service blocks its thread. The service ends even
    /// if this future is dropped.
    pub async fn remove(&self, id: ServiceId, grace: Duration) -> bool {
        let now = self.clock.monotonic();
        match self.list.remove(id, now + grace.mul_f64(0.9), now + grace) {
            Some(end) => {
                end.cancelled().await;
                true
            }
            None => false,
        }
    }

    /// Returns the status of each service, in the order they were added.
    #[must_use]
    pub fn statuses(&self) -> Vec<ServiceStatus> {
        self.list.statuses()
    }
}

#[cfg(test)]
mod tests;
