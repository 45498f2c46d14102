//! Deletion of expired data, unless the clock is implausible.

use std::time::Duration;

use outrigger_audit::{Act, AuditFilter};
use outrigger_stdx::{ClockGuard, ClockJumped};
use tokio::sync::MutexGuard;

use super::{Access, earlier};
use crate::{AccessError, Pruned};

/// How many entries of the audit log are deleted in one transaction, so that other writers do not wait for long.
const PRUNE_BATCH: u32 = 1000;

/// How long a token stays in lists after it expired, so that people can see why a program is rejected.
const EXPIRED_TOKENS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The state of the clock check.
#[derive(Debug, Default)]
pub(super) struct ClockState {
    /// `None` until the time seen by an earlier process was loaded.
    guard: tokio::sync::Mutex<Option<ClockGuard>>,
    /// Why the last pass deleted nothing.
    jumped: std::sync::Mutex<Option<ClockJumped>>,
}

impl Access {
    /// Deletes expired data. The [`Pruner`](crate::Pruner) calls this every ten minutes.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::ClockJumped`] if the clock is implausibly far ahead. In that case nothing is deleted until the
    /// clock is correct or was [confirmed](Self::confirm_clock). Also returns an error if the store fails.
    pub async fn prune(&self) -> Result<Pruned, AccessError> {
        let mut guard = self.clock_guard().await?;
        self.prune_by(&mut guard).await
    }

    /// Returns why nothing is deleted by age; `None` if the clock is plausible.
    #[must_use]
    pub fn clock_jumped(&self) -> Option<ClockJumped> {
        *self.jumped()
    }

    /// Accepts the current time of the clock, because a person has confirmed it, and deletes what has expired.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn confirm_clock(&self, act: &Act) -> Result<Pruned, AccessError> {
        let mut guard = self.clock_guard().await?;
        let now = self.now();
        let entry =
            act.entry("access.confirm_clock", now)
                .change("now", None, Some(&now.to_string()));
        self.audit_log().append(vec![entry]).await?;
        act.recorded();
        guard.confirm(self.clock());
        self.prune_by(&mut guard).await
    }

    /// Returns the clock guard, initialised with the time that an earlier process saw.
    pub(super) async fn clock_guard(
        &self,
    ) -> Result<tokio::sync::MappedMutexGuard<'_, ClockGuard>, AccessError> {
        let mut guard = self.inner.clock_state.guard.lock().await;
        if guard.is_none() {
            let stored = self.store().clock_seen().await?;
            let seen = match stored {
                Some(seen) => Some(seen),
                // Earlier releases did not store a time. The newest entry of the audit log is the last known one.
                None => {
                    let all = AuditFilter::default();
                    let newest = self.audit_log().list(&all, None, 1).await?;
                    newest.entries.first().map(|entry| entry.at)
                }
            };
            *guard = Some(ClockGuard::new(seen));
        }
        Ok(MutexGuard::map(guard, |guard| {
            guard.get_or_insert(ClockGuard::new(None))
        }))
    }

    async fn prune_by(&self, guard: &mut ClockGuard) -> Result<Pruned, AccessError> {
        let checked = guard.check(self.clock());
        *self.jumped() = checked.err();
        let now = checked.map_err(AccessError::ClockJumped)?;
        let config = &self.inner.config;
        let idle_since = earlier(now, config.session_idle.get());
        let (sessions, login_links) = self.store().delete_ended(now, idle_since).await?;
        let expired = earlier(now, EXPIRED_TOKENS_KEPT);
        let tokens = self.store().delete_expired_tokens(expired).await?;
        let before = earlier(now, config.audit_retention.get());
        let mut audit_entries = 0;
        loop {
            let pruned = self.audit_log().prune(before, PRUNE_BATCH).await?;
            audit_entries += pruned;
            if pruned < u64::from(PRUNE_BATCH) {
                break;
            }
        }
        if let Some(seen) = guard.last_seen() {
            self.store().note_clock(seen).await?;
        }
        Ok(Pruned {
            sessions,
            login_links,
            tokens,
            audit_entries,
        })
    }

    fn jumped(&self) -> std::sync::MutexGuard<'_, Option<ClockJumped>> {
        let jumped = self.inner.clock_state.jumped.lock();
        jumped.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
