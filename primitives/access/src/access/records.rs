//! The audit log, and deleting what has ended.

use std::time::Duration;

use super::{Access, earlier};
use crate::{AccessError, AuditEntry, AuditEntryId, AuditFilter, AuditPage, NewAuditEntry, Pruned};

/// How many entries of the audit log are deleted at a time, so that nobody waits long for the store.
const PRUNE_BATCH: u32 = 1000;

/// How long a token is still listed after it expired: long enough to see why a program is refused.
const TOKENS_SHOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Access {
    /// Writes down what was done. Durable when it returns.
    ///
    /// # Errors
    ///
    /// When the store fails; then none of the entries is stored.
    pub async fn record(&self, entries: Vec<NewAuditEntry>) -> Result<(), AccessError> {
        let at = self.now();
        let entries: Vec<AuditEntry> = entries
            .into_iter()
            .map(|new| AuditEntry {
                id: AuditEntryId::generate(at),
                at,
                actor_kind: new.actor.kind_name().to_owned(),
                actor_id: new.actor.id(),
                actor: new.actor.label().to_owned(),
                via: new.actor.via.as_str().to_owned(),
                action: new.action,
                target: new.target,
                outcome: new.outcome,
                address: new.address,
                request_id: new.request_id,
            })
            .collect();
        self.store().append_audit(&entries).await
    }

    /// A part of the audit log, newest first: at most `limit` entries that match, from `cursor` on, which is the `next` of the
    /// part before.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        cursor: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<AuditPage, AccessError> {
        // One more than asked for tells whether there is another part.
        let mut entries = self
            .store()
            .audit(filter, cursor, limit.saturating_add(1))
            .await?;
        let limit = limit as usize;
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().map(|entry| entry.id);
        Ok(AuditPage {
            next: last.filter(|_| has_more),
            entries,
        })
    }

    /// Deletes what has ended: what the [`Pruner`](crate::Pruner) does every ten minutes.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn prune(&self) -> Result<Pruned, AccessError> {
        let now = self.now();
        let config = &self.inner.config;
        let idle_since = earlier(now, config.session_idle.get());
        let (sessions, login_links) = self.store().delete_ended(now, idle_since).await?;
        let expired = earlier(now, TOKENS_SHOWN);
        let tokens = self.store().delete_expired_tokens(expired).await?;
        let before = earlier(now, config.audit_retention.get());
        let mut audit_entries = 0;
        loop {
            let pruned = self.store().prune_audit(before, PRUNE_BATCH).await?;
            audit_entries += pruned;
            if pruned < u64::from(PRUNE_BATCH) {
                break;
            }
        }
        Ok(Pruned {
            sessions,
            login_links,
            tokens,
            audit_entries,
        })
    }
}
