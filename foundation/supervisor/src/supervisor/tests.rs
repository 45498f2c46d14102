//! Tests of the supervisor.

use std::borrow::Cow;

use async_trait::async_trait;
use outrigger_stdx::{ManualClock, SystemClock};
use tokio::sync::mpsc;

use super::*;
use crate::{ServiceError, ServiceState, Stop};

const GRACE: Duration = Duration::from_secs(30);

/// Reports its start and end, and fails `failures` times.
struct Reporter {
    name: &'static str,
    failures: u32,
    events: mpsc::Sender<String>,
}

#[async_trait]
impl Service for Reporter {
    fn name(&self) -> Cow<'static, str> {
        self.name.into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
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
async fn a_failed_or_panicked_service_is_restarted_after_its_backoff() {
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
async fn an_error_during_stop_is_kept_in_the_status() {
    struct Leaky;

    #[async_trait]
    impl Service for Leaky {
        fn name(&self) -> Cow<'static, str> {
            "leaky".into()
        }

        async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
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
    struct Stuck(mpsc::Sender<String>);

    struct DropReporter(mpsc::Sender<String>);

    impl Drop for DropReporter {
        fn drop(&mut self) {
            let _ = self.0.try_send("stuck is dropped".to_owned());
        }
    }

    #[async_trait]
    impl Service for Stuck {
        fn name(&self) -> Cow<'static, str> {
            "stuck".into()
        }

        async fn run(&mut self, _: Stop) -> Result<(), ServiceError> {
            let _held = DropReporter(self.0.clone());
            std::future::pending().await
        }
    }
    let (events, mut seen) = mpsc::channel(16);
    let clock = ManualClock::new();
    let mut supervisor = Supervisor::new(Arc::new(clock.clone()));
    supervisor.add(Phase::Drain, Stuck(events.clone()));
    let store = Reporter {
        name: "store",
        failures: 0,
        events,
    };
    supervisor.add(Phase::Close, store);
    let (handle, stop) = (supervisor.handle(), CancellationToken::new());
    stop.cancel();

    let run = supervisor.run(stop, GRACE);
    let pass = async {
        // One sleeper is the stuck service, the other is the phase that waits for it.
        while clock.sleepers() < 2 {
            tokio::task::yield_now().await;
        }
        clock.advance(GRACE);
    };
    tokio::join!(run, pass);
    let mut order = Vec::new();
    while let Some(event) = seen.recv().await {
        order.push(event);
    }
    assert_eq!(order, ["store starts", "stuck is dropped", "store stops"]);
    let status = handle.statuses().remove(0);
    assert_eq!(status.state, ServiceState::Stopped);
    assert_eq!(status.last_error.as_deref(), Some("did not stop in time"));
}

#[tokio::test]
async fn a_service_gets_a_deadline_before_it_is_dropped() {
    struct Drain(Arc<dyn Clock>, mpsc::Sender<Duration>);

    #[async_trait]
    impl Service for Drain {
        fn name(&self) -> Cow<'static, str> {
            "drain".into()
        }

        async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
            stop.cancelled().await;
            self.1.send(stop.time_left(&*self.0)).await?;
            Ok(())
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let (sender, mut told) = mpsc::channel(1);
    let mut supervisor = Supervisor::new(Arc::clone(&clock));
    supervisor.add(Phase::Drain, Drain(clock, sender));
    let stop = CancellationToken::new();
    stop.cancel();

    supervisor.run(stop, Duration::from_secs(10)).await;

    assert_eq!(told.recv().await, Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn services_can_be_added_and_removed_while_the_supervisor_runs() {
    let (events, mut seen) = mpsc::channel(16);
    let reporter = |name| Reporter {
        name,
        failures: 0,
        events: events.clone(),
    };
    let supervisor = Supervisor::new(SystemClock::shared());
    let (handle, stop) = (supervisor.handle(), CancellationToken::new());

    let run = supervisor.run(stop.clone(), GRACE);
    let work = async {
        let mut order = Vec::new();
        let mut next = async || order.push(seen.recv().await.expect("there is an event"));
        let mail = handle.add(Phase::Claim, reporter("queue mail"));
        next().await;
        let bulk = handle.add(Phase::Claim, reporter("queue bulk"));
        next().await;
        let removed = handle.remove(mail.expect("it runs"), GRACE).await;
        next().await;
        let again = handle.remove(mail.expect("it runs"), GRACE).await;
        let left = handle.statuses();
        stop.cancel();
        next().await;
        bulk.expect("it runs");
        (order, removed, again, left)
    };
    let ((), (order, removed, again, left)) = tokio::join!(run, work);
    let late = handle.add(Phase::Claim, reporter("late"));

    let expected = [
        "queue mail starts",
        "queue bulk starts",
        "queue mail stops",
        "queue bulk stops",
    ];
    assert_eq!(order, expected);
    assert_eq!((removed, again), (true, false));
    let names: Vec<_> = left.iter().map(|status| &*status.name).collect();
    assert_eq!(names, ["queue bulk"]);
    assert_eq!(late, Err(Stopping));
}

#[tokio::test]
async fn a_service_that_is_removed_before_it_starts_never_runs() {
    let (events, mut seen) = mpsc::channel(16);
    let mut supervisor = Supervisor::new(SystemClock::shared());
    let early = Reporter {
        name: "early",
        failures: 0,
        events,
    };
    let id = supervisor.add(Phase::Claim, early);
    let (handle, stop) = (supervisor.handle(), CancellationToken::new());
    stop.cancel();

    let removed = handle.remove(id, GRACE).await;
    supervisor.run(stop, GRACE).await;

    assert!(removed);
    assert_eq!(seen.recv().await, None);
}

#[tokio::test]
async fn dropping_the_removal_future_still_ends_the_service() {
    struct Stuck;

    #[async_trait]
    impl Service for Stuck {
        fn name(&self) -> Cow<'static, str> {
            format!("stuck {}", 7).into()
        }

        async fn run(&mut self, _: Stop) -> Result<(), ServiceError> {
            std::future::pending().await
        }
    }
    let clock = ManualClock::new();
    let mut supervisor = Supervisor::new(Arc::new(clock.clone()));
    let id = supervisor.add(Phase::Claim, Stuck);
    let (handle, stop) = (supervisor.handle(), CancellationToken::new());

    let run = supervisor.run(stop.clone(), GRACE);
    let work = async {
        let removal = tokio::time::timeout(Duration::ZERO, handle.remove(id, GRACE)).await;
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(GRACE);
        while !handle.statuses().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        removal
    };
    let ((), removal) = tokio::join!(run, work);

    assert!(removal.is_err(), "it ended before its grace was over");
}
