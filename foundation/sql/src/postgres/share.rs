//! A part of the pool for a part of the process.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SqlError;

/// How many connections of the pool somebody may hold at the same time.
#[derive(Debug, Clone)]
pub(super) struct Share {
    name: &'static str,
    max: u32,
    places: Arc<Semaphore>,
}

impl Share {
    pub(super) fn new(name: &'static str, max: u32) -> Self {
        let places = usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            name,
            max,
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Waits for a place.
    pub(super) async fn place(&self, wait: Duration) -> Result<OwnedSemaphorePermit, SqlError> {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(wait, place).await {
            Ok(place) => place.map_err(|_| SqlError::Closed),
            Err(_) => Err(SqlError::ShareExhausted {
                share: self.name,
                max: self.max,
                waited: wait,
            }),
        }
    }
}
