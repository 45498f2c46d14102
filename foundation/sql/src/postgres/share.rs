//! A limit on the pooled connections that one part of the process can use.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SqlError;

/// A limit on concurrently used connections of the pool.
#[derive(Debug, Clone)]
pub(super) struct Share {
    name: &'static str,
    max: u32,
    permits: Arc<Semaphore>,
}

impl Share {
    pub(super) fn new(name: &'static str, max: u32) -> Self {
        let permits = usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            name,
            max,
            permits: Arc::new(Semaphore::new(permits)),
        }
    }

    /// Waits for a permit.
    pub(super) async fn permit(&self, wait: Duration) -> Result<OwnedSemaphorePermit, SqlError> {
        let permit = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(wait, permit).await {
            Ok(permit) => permit.map_err(|_| SqlError::Closed),
            Err(_) => Err(SqlError::ShareExhausted {
                share: self.name,
                max: self.max,
                waited: wait,
            }),
        }
    }
}
