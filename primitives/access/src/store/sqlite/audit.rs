//! The audit log in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{SqliteAccessStore, columns, columns::micros, statements};
use crate::{AccessError, AuditAction, AuditEntry, AuditEntryId, AuditFilter, store::AuditStore};

#[async_trait]
impl AuditStore for SqliteAccessStore {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), AccessError> {
        let entries = entries.to_vec();
        let append = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::INSERT_AUDIT_ENTRY)?;
            for entry in entries {
                statement.execute(params![
                    entry.id.as_uuid().into_bytes(),
                    micros(entry.at),
                    entry.actor_kind,
                    entry.actor_id.map(uuid::Uuid::into_bytes),
                    entry.actor,
                    entry.via,
                    entry.action,
                    entry.target,
                    entry.outcome,
                    entry.address,
                    entry.request_id,
                ])?;
            }
            Ok(())
        };
        self.database.write(append).await
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccessError> {
        let (AuditFilter { actor, action }, before) = (filter.clone(), before);
        let list = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(statements::LIST_AUDIT)?;
            let entries = statement.query_map(
                params![
                    before.map(|id| id.as_uuid().into_bytes()),
                    actor,
                    action.as_ref().and_then(AuditAction::exact),
                    action.as_ref().and_then(AuditAction::prefix),
                    limit,
                ],
                columns::audit_entry,
            )?;
            Ok(entries.collect::<Result<_, _>>()?)
        };
        self.database.read(list).await
    }

    async fn prune_audit(&self, before: Timestamp, limit: u32) -> Result<u64, AccessError> {
        let prune = move |connection: &Connection| {
            let pruned = connection
                .prepare_cached(statements::PRUNE_AUDIT)?
                .execute(params![micros(before), limit])?;
            Ok(pruned as u64)
        };
        self.database.write(prune).await
    }
}
