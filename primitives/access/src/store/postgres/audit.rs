//! The audit log in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{PostgresAccessStore, columns, statements};
use crate::{AccessError, AuditAction, AuditEntry, AuditEntryId, AuditFilter, store::AuditStore};

#[async_trait]
impl AuditStore for PostgresAccessStore {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), AccessError> {
        self.database
            .transaction(|transaction| async move {
                for entry in entries {
                    transaction
                        .execute(
                            statements::INSERT_AUDIT_ENTRY,
                            &[
                                &entry.id.as_uuid(),
                                &entry.at,
                                &entry.actor_kind,
                                &entry.actor_id,
                                &entry.actor,
                                &entry.via,
                                &entry.action,
                                &entry.target,
                                &entry.outcome,
                                &entry.address,
                                &entry.request_id,
                            ],
                        )
                        .await?;
                }
                Ok(())
            })
            .await
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccessError> {
        let action = filter.action.as_ref();
        let rows = self
            .query(
                statements::LIST_AUDIT,
                &[
                    &before.map(AuditEntryId::as_uuid),
                    &filter.actor,
                    &action.and_then(AuditAction::exact),
                    &action.and_then(AuditAction::prefix),
                    &i64::from(limit),
                ],
            )
            .await?;
        rows.iter().map(columns::audit_entry).collect()
    }

    async fn prune_audit(&self, before: Timestamp, limit: u32) -> Result<u64, AccessError> {
        self.execute(statements::PRUNE_AUDIT, &[&before, &i64::from(limit)])
            .await
    }
}
