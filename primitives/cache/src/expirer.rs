//! Removal of expired entries, so that they do not take memory until they are accessed.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Cache, keyspace::STEPS_PER_LOCK};

/// How long an expired entry may still take memory. It is not visible during that time.
const INTERVAL: Duration = Duration::from_millis(200);

/// The background service that removes expired entries soon after their deadline.
#[derive(Debug)]
pub struct Expirer {
    cache: Cache,
}

impl Expirer {
    /// Creates a service for this cache.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        Self { cache }
    }

    /// Removes everything that has expired by now and returns the number of removed entries.
    pub async fn pass(&self) -> usize {
        let now = self.cache.now();
        let mut removed = 0;
        loop {
            let sweep = self.cache.sweep(now, STEPS_PER_LOCK);
            removed += sweep.removed;
            if sweep.is_done {
                return removed;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Service for Expirer {
    fn name(&self) -> Cow<'static, str> {
        "cache expirer".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        loop {
            let inner = &self.cache.inner;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = inner.clock.sleep(INTERVAL) => {}
            }
            inner.wall.adjust(&*inner.clock);
            self.pass().await;
        }
    }
}
