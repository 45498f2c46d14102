//! The one owner of all services.

use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use outrigger_stdx::{Backoff, Clock};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{Phase, Service, ServiceState, ServiceStatus};

/// A service that ran this long has recovered: its next failure waits the first backoff again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// How long a service that is dropped may take to reach a point where it waits.
const ABORT_PATIENCE: Duration = Duration::from_secs(1);

/// Owns the services: runs them, starts failed ones again, stops all in the order of [`Phase`].
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    services: Vec<(Phase, Box<dyn Service>)>,
    handle: SupervisorHandle,
}

/// Reads what the services of a [`Supervisor`] do. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SupervisorHandle {
    statuses: Arc<Mutex<Vec<ServiceStatus>>>,
}

impl Supervisor {
    /// A supervisor without services.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            services: Vec::new(),
            handle: SupervisorHandle::default(),
        }
    }

    /// Takes over a service that stops in `phase`. It starts with [`run`](Self::run).
    pub fn add(&mut self, phase: Phase, service: impl Service) {
        self.handle.push(service.name());
        self.services.push((phase, Box::new(service)));
    }

    /// Where to read what the services do.
    #[must_use]
    pub fn handle(&self) -> SupervisorHandle {
        self.handle.clone()
    }

    /// Runs all services until `stop` is cancelled, then stops them phase by phase. Each phase has `grace` to end; a service
    /// that takes longer is dropped where it waits, and logged.
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is the door for tasks"
    )]
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        let mut running = Vec::with_capacity(self.services.len());
        for (index, (phase, mut service)) in self.services.into_iter().enumerate() {
            let name = service.name();
            let token = CancellationToken::new();
            let status = StatusOf {
                handle: self.handle.clone(),
                index,
            };
            let (clock, service_token) = (Arc::clone(&self.clock), token.clone());
            let task_status = status.clone();
            let task = tokio::spawn(async move {
                keep_running(&mut *service, &*clock, &task_status, &service_token).await;
            });
            running.push(Running {
                name,
                phase,
                token,
                task: AbortOnDropHandle::new(task),
                status,
            });
        }
        stop.cancelled().await;
        for phase in Phase::ORDER {
            let (stopping, rest) = running
                .into_iter()
                .partition::<Vec<_>, _>(|service| service.phase == phase);
            running = rest;
            join_all(stopping.into_iter().map(|service| service.stop(grace))).await;
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(
                self.services
                    .iter()
                    .map(|(phase, service)| (phase, service.name())),
            )
            .finish()
    }
}

impl SupervisorHandle {
    /// What the services do, in the order in which they were added.
    #[must_use]
    pub fn statuses(&self) -> Vec<ServiceStatus> {
        self.statuses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, name: &'static str) {
        self.statuses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ServiceStatus {
                name,
                state: ServiceState::Waiting,
                restarts: 0,
                last_error: None,
            });
    }
}

/// A service that has been started.
struct Running {
    name: &'static str,
    phase: Phase,
    token: CancellationToken,
    task: AbortOnDropHandle<()>,
    status: StatusOf,
}

impl Running {
    async fn stop(mut self, grace: Duration) {
        self.token.cancel();
        if tokio::time::timeout(grace, &mut self.task).await.is_ok() {
            return;
        }
        tracing::warn!(
            service = self.name,
            ?grace,
            "a service did not stop in time and was dropped"
        );
        self.task.abort();
        // What it holds must be gone before the next phase stops. One that blocks its thread cannot be dropped at all.
        if let Ok(Ok(())) = tokio::time::timeout(ABORT_PATIENCE, &mut self.task).await {
            // It ended by itself after all, and has said how.
            return;
        }
        self.status.update(|status| {
            status.state = ServiceState::Stopped;
            status.last_error = Some("did not stop in time".to_owned());
        });
    }
}

/// Writes the status of one service.
#[derive(Clone)]
struct StatusOf {
    handle: SupervisorHandle,
    index: usize,
}

impl StatusOf {
    fn update(&self, change: impl FnOnce(&mut ServiceStatus)) {
        change(
            &mut self
                .handle
                .statuses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)[self.index],
        );
    }
}

async fn keep_running(
    service: &mut dyn Service,
    clock: &dyn Clock,
    status: &StatusOf,
    stop: &CancellationToken,
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
            Ok(Ok(())) => "it returned although it was not told to stop".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => format!("it panicked: {}", panic_message(&*panic)),
        };
        if stop.is_cancelled() {
            // What a service could not flush or close would otherwise be lost in silence.
            tracing::error!(
                service = service.name(),
                why,
                "a service failed while it stopped"
            );
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
        tracing::error!(
            service = service.name(),
            why,
            ?wait,
            "a service failed and will be started again"
        );
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

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use outrigger_stdx::{ManualClock, SystemClock};
    use tokio::sync::mpsc;

    use super::*;
    use crate::ServiceError;

    const GRACE: Duration = Duration::from_secs(30);

    /// Says when it starts and ends, and fails as often as it is told to.
    struct Reporter {
        name: &'static str,
        failures: u32,
        events: mpsc::Sender<String>,
    }

    #[async_trait]
    impl Service for Reporter {
        fn name(&self) -> &'static str {
            self.name
        }

        async fn run(&mut self, stop: CancellationToken) -> Result<(), ServiceError> {
            self.events.send(format!("{} starts", self.name)).await?;
            if self.failures > 0 {
                self.failures -= 1;
                assert!(self.failures != 1, "a wave came");
                return Err("no wind".into());
            }
            stop.cancelled().await;
            self.events.send(format!("{} stops", self.name)).await?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn services_stop_in_the_order_of_their_phases() {
        let (events, mut seen) = mpsc::channel(16);
        let mut supervisor = Supervisor::new(SystemClock::shared());
        for (phase, name) in [
            (Phase::Close, "store"),
            (Phase::Accept, "listener"),
            (Phase::Flush, "log"),
        ] {
            supervisor.add(
                phase,
                Reporter {
                    name,
                    failures: 0,
                    events: events.clone(),
                },
            );
        }
        drop(events);
        let stop = CancellationToken::new();

        let run = supervisor.run(stop.clone(), GRACE);
        let watch = async {
            for _ in 0..3 {
                seen.recv().await;
            }
            stop.cancel();
            let mut order = Vec::new();
            while let Some(event) = seen.recv().await {
                order.push(event);
            }
            order
        };
        let ((), order) = tokio::join!(run, watch);

        assert_eq!(order, ["listener stops", "log stops", "store stops"]);
    }

    #[tokio::test]
    async fn a_failed_or_panicked_service_is_started_again_after_its_backoff() {
        let clock = ManualClock::new();
        let (events, mut seen) = mpsc::channel(16);
        let mut supervisor = Supervisor::new(Arc::new(clock.clone()));
        supervisor.add(
            Phase::Drain,
            Reporter {
                name: "worker",
                failures: 3,
                events,
            },
        );
        let (handle, stop) = (supervisor.handle(), CancellationToken::new());

        let run = supervisor.run(stop.clone(), GRACE);
        let watch = async {
            for restarts in 0..4 {
                assert_eq!(seen.recv().await.as_deref(), Some("worker starts"));
                if restarts < 3 {
                    while clock.sleepers() == 0 {
                        tokio::task::yield_now().await;
                    }
                    clock.advance(Duration::from_secs(30));
                }
            }
            let status = handle.statuses().remove(0);
            stop.cancel();
            status
        };
        let ((), status) = tokio::join!(run, watch);

        assert_eq!((status.state, status.restarts), (ServiceState::Running, 3));
        assert_eq!(status.last_error.as_deref(), Some("no wind"));
        assert_eq!(handle.statuses()[0].state, ServiceState::Stopped);
    }

    #[tokio::test]
    async fn what_went_wrong_while_a_service_stopped_is_kept() {
        struct Leaky;

        #[async_trait]
        impl Service for Leaky {
            fn name(&self) -> &'static str {
                "leaky"
            }

            async fn run(&mut self, stop: CancellationToken) -> Result<(), ServiceError> {
                stop.cancelled().await;
                Err("the last figures were not written".into())
            }
        }
        let mut supervisor = Supervisor::new(SystemClock::shared());
        supervisor.add(Phase::Flush, Leaky);
        let (handle, stop) = (supervisor.handle(), CancellationToken::new());
        stop.cancel();

        supervisor.run(stop, GRACE).await;

        let status = handle.statuses().remove(0);
        assert_eq!((status.state, status.restarts), (ServiceState::Stopped, 0));
        assert_eq!(
            status.last_error.as_deref(),
            Some("the last figures were not written")
        );
    }

    #[tokio::test]
    async fn a_service_that_does_not_stop_is_dropped_before_the_next_phase_stops() {
        struct Deaf(mpsc::Sender<String>);

        struct Held(mpsc::Sender<String>);

        impl Drop for Held {
            fn drop(&mut self) {
                let _ = self.0.try_send("deaf is dropped".to_owned());
            }
        }

        #[async_trait]
        impl Service for Deaf {
            fn name(&self) -> &'static str {
                "deaf"
            }

            async fn run(&mut self, _: CancellationToken) -> Result<(), ServiceError> {
                let _held = Held(self.0.clone());
                std::future::pending().await
            }
        }
        let (events, mut seen) = mpsc::channel(16);
        let mut supervisor = Supervisor::new(SystemClock::shared());
        supervisor.add(Phase::Drain, Deaf(events.clone()));
        let store = Reporter {
            name: "store",
            failures: 0,
            events,
        };
        supervisor.add(Phase::Close, store);
        let (handle, stop) = (supervisor.handle(), CancellationToken::new());
        stop.cancel();

        supervisor.run(stop, Duration::from_millis(10)).await;

        let mut order = Vec::new();
        while let Some(event) = seen.recv().await {
            order.push(event);
        }
        assert_eq!(order, ["store starts", "deaf is dropped", "store stops"]);
        let status = handle.statuses().remove(0);
        assert_eq!(status.state, ServiceState::Stopped);
        assert_eq!(status.last_error.as_deref(), Some("did not stop in time"));
    }
}
