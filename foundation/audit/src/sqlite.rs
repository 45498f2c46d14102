//! The audit log on SQLite.

use jiff::Timestamp;
use outrigger_sql::{SqlError, SqliteDatabase};
use rusqlite::{Connection, Row, ToSql, params, types::Type};
use uuid::Uuid;

use crate::{AuditEntry, AuditFilter, ByAction, ByActor};

pub(crate) mod statements {
    outrigger_sql::statements! {
        INSERT = "
            insert into audit_log
                (id, at, actor_kind, actor_id, actor, via, action, target, target_name, changes,
                 outcome, address, request_id, request_id_from_client)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

        PRUNE = "
            delete from audit_log
            where id in (select id from audit_log where at < ?1 order by at limit ?2)";

    }
}

/// Adds entries. Call it in the transaction of the change that the entries describe. The file must have been passed to
/// [`AuditLog::on_sqlite`](crate::AuditLog::on_sqlite) before.
///
/// # Errors
///
/// Returns an error if SQLite fails; the transaction must then be rolled back.
pub fn append(connection: &Connection, entries: &[AuditEntry]) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(statements::INSERT)?;
    for entry in entries {
        statement.execute(params![
            entry.id.as_uuid().into_bytes(),
            entry.at.as_microsecond(),
            entry.actor_kind,
            entry.actor_id.map(Uuid::into_bytes),
            entry.actor,
            entry.via,
            entry.action,
            entry.target,
            entry.target_name,
            entry.changes_json(),
            entry.outcome,
            entry.address,
            entry.request_id,
            entry.request_id_from_client,
        ])?;
    }
    Ok(())
}

pub(crate) async fn list(
    database: &SqliteDatabase,
    filter: &AuditFilter,
    (before, first): (Uuid, Uuid),
    limit: u32,
) -> Result<Vec<AuditEntry>, SqlError> {
    let (filter, sql) = (filter.clone(), filter.statement());
    let list = move |connection: &Connection| {
        let (before, first) = (before.into_bytes(), first.into_bytes());
        let actor_id;
        let mut values: Vec<&dyn ToSql> = vec![&before, &first];
        match &filter.actor {
            None => {}
            Some(ByActor::Id(id)) => {
                actor_id = id.into_bytes();
                values.push(&actor_id);
            }
            Some(ByActor::Name(name)) => values.push(name),
            Some(ByActor::OfKind(kind, name)) => values.extend([kind as &dyn ToSql, name]),
        }
        match &filter.action {
            None => {}
            Some(ByAction::Exactly(text) | ByAction::OfCapability(text)) => values.push(text),
        }
        if let Some(target) = &filter.target {
            values.push(target);
        }
        values.push(&limit);
        let mut statement = connection.prepare_cached(&sql)?;
        let entries = statement.query_map(&values[..], entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    };
    database.read(list).await
}

pub(crate) async fn prune(
    database: &SqliteDatabase,
    before: Timestamp,
    limit: u32,
) -> Result<u64, SqlError> {
    let prune = move |connection: &Connection| {
        let pruned = connection
            .prepare_cached(statements::PRUNE)?
            .execute(params![before.as_microsecond(), limit])?;
        Ok(pruned as u64)
    };
    database.write(prune).await
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let at = Timestamp::from_microsecond(row.get(1)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, Box::new(error))
    })?;
    let changes: Option<String> = row.get(9)?;
    Ok(AuditEntry {
        id: Uuid::from_bytes(row.get(0)?).into(),
        at,
        actor_kind: row.get(2)?,
        actor_id: row.get::<_, Option<[u8; 16]>>(3)?.map(Uuid::from_bytes),
        actor: row.get(4)?,
        via: row.get(5)?,
        action: row.get(6)?,
        target: row.get(7)?,
        target_name: row.get(8)?,
        changes: AuditEntry::changes_from(changes.as_deref()),
        outcome: row.get(10)?,
        address: row.get(11)?,
        request_id: row.get(12)?,
        request_id_from_client: row.get(13)?,
    })
}
