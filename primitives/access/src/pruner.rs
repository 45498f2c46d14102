//! The background service that deletes expired data.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use outrigger_supervisor::{Service, ServiceError, Stop};

use crate::{Access, AccessError, CLOCK_HINT};

/// How often the service runs. Expired credentials are rejected in any case; this only frees space.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Deletes ended sessions and login links, tokens that expired a month ago, and entries of the audit log after their
/// retention.
#[derive(Debug)]
pub struct Pruner {
    access: Access,
}

/// The number of deleted objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Sessions that expired or were not used for too long.
    pub sessions: u64,
    /// Login links that expired.
    pub login_links: u64,
    /// Tokens that expired more than thirty days ago.
    pub tokens: u64,
    /// Entries of the audit log.
    pub audit_entries: u64,
}

impl Pruner {
    pub(crate) fn new(access: Access) -> Self {
        Self { access }
    }
}

#[async_trait]
impl Service for Pruner {
    fn name(&self) -> Cow<'static, str> {
        "access pruner".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let mut was_jumped = false;
        loop {
            let pruned = match self.access.prune().await {
                Err(error @ AccessError::ClockJumped(_)) => {
                    if !was_jumped {
                        tracing::error!(%error, fix = CLOCK_HINT, "nothing is deleted by age");
                    }
                    was_jumped = true;
                    Pruned::default()
                }
                pruned => {
                    let pruned = pruned?;
                    was_jumped = false;
                    pruned
                }
            };
            if pruned != Pruned::default() {
                tracing::debug!(
                    sessions = pruned.sessions,
                    login_links = pruned.login_links,
                    tokens = pruned.tokens,
                    audit_entries = pruned.audit_entries,
                    "deleted expired data"
                );
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.access.clock().sleep(EVERY) => {}
            }
        }
    }
}
