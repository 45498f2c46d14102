//! Finds out whether the files can be written, before somebody needs it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{Service, ServiceError, Stop};

use super::Stores;

/// How often a file that can be used is probed. Each probe of an idle file costs one small commit.
pub(super) const EVERY: Duration = Duration::from_secs(15);
/// How often what is known of a file is looked at, and a file that cannot be used is probed, so that it is used again soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a probe may take.
const PATIENCE: Duration = Duration::from_secs(12);

/// Probes every file, and logs when one cannot be used any more and when it can be used again.
pub(super) struct Prober {
    stores: Stores,
    clock: Arc<dyn Clock>,
    /// The files that could not be used at the last look.
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

    /// Looks at every file, and probes those that cannot be used, or all when it is their time.
    async fn look(&mut self) {
        let is_time = self.clock.monotonic() >= self.next_probe;
        if is_time {
            self.next_probe = self.clock.monotonic() + EVERY;
        }
        for file in self.stores.files() {
            let name = file.name();
            let was_troubled = self.troubled.contains(&name);
            let mut health = file.health();
            if is_time || health.problem.is_some() {
                // On a disk that hangs a probe does not end; what is known of the file tells.
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
                () = self.look() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
        }
    }
}
