//! Probes whether the SQLite files can be written.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};

use super::Stores;

/// The interval between probes of a healthy file. Each probe of an idle file costs one small commit.
pub(super) const EVERY: Duration = Duration::from_secs(15);
/// The interval between checks of the known health of a file, and between probes of a file with a problem.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The maximum time to wait for a probe.
const PATIENCE: Duration = Duration::from_secs(12);

/// Probes every file, and logs when a file becomes unusable and when it recovers.
pub(super) struct Prober {
    stores: Stores,
    clock: Arc<dyn Clock>,
    /// The files that had a problem at the last check.
    troubled: Vec<&'static str>,
    next_probe: Monotonic,
}

impl Prober {
    pub(super) fn new(stores: Stores, clock: Arc<dyn Clock>) -> Self {
        Self {
            stores,
            clock,
            troubled: Vec::new(),
            next_probe: Monotonic::default(),
        }
    }

    /// Checks every file. Probes the files with a problem, or all files if a probe is due.
    async fn check(&mut self) {
        let is_time = self.clock.monotonic() >= self.next_probe;
        if is_time {
            self.next_probe = self.clock.monotonic() + EVERY;
        }
        for file in self.stores.files() {
            let name = file.name();
            let was_troubled = self.troubled.contains(&name);
            let mut health = file.health();
            if is_time || health.problem.is_some() {
                // On a hanging disk, a probe does not end. The known health shows the problem.
                health = tokio::select! {
                    health = file.probe() => {
                        self.stores.note_probed(name);
                        health
                    }
                    () = self.clock.sleep(PATIENCE) => file.health(),
                };
            }
            match health.problem {
                Some(error) if !was_troubled => {
                    tracing::error!(store = name, %error, "a store cannot be used");
                    self.troubled.push(name);
                }
                None if was_troubled => {
                    tracing::info!(store = name, "a store can be used again");
                    self.troubled.retain(|troubled| *troubled != name);
                }
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Service for Prober {
    fn name(&self) -> Cow<'static, str> {
        "store prober".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.check() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
        }
    }
}
