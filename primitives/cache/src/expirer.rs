//! Removes what has expired, so that it does not take room until somebody asks for it.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Cache, keyspace::AT_ONCE};

/// How long an expired entry may take room. Nobody can see it meanwhile.
const INTERVAL: Duration = Duration::from_millis(200);

/// The background service that removes expired entries soon after their deadline.
#[derive(Debug)]
pub struct Expirer {
    cache: Cache,
}

impl Expirer {
    /// A service for this cache.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        Self { cache }
    }

    /// Removes everything that has expired by now, and answers how many entries that were.
    pub async fn pass(&self) -> usize {
        let now = self.cache.now();
        let mut removed = 0;
        loop {
            let sweep = self.cache.sweep(now, AT_ONCE);
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
