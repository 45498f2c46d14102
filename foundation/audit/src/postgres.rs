//! The audit log on PostgreSQL.

use jiff::Timestamp;
use outrigger_sql::{
    PostgresConnection, PostgresDatabase, SqlError,
    tokio_postgres::{Error, Row, types::ToSql},
};
use uuid::Uuid;

use crate::{AuditEntry, AuditFilter, ByAction, ByActor};

pub(crate) mod statements {
    outrigger_sql::statements! {
        INSERT = "
            insert into audit_log
                (id, at, actor_kind, actor_id, actor, via, action, target, target_name, changes,
                 outcome, address, request_id, request_id_from_client)
            select *
            from unnest(
                $1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                $13::text[], $14::boolean[]
            )";

        PRUNE = "
            delete from audit_log
            where id in (select id from audit_log where at < $1 order by at limit $2)";
    }
}

/// Adds entries in one statement. Call it with the transaction of the change that the entries describe. The database must
/// have been passed to [`AuditLog::on_postgres`](crate::AuditLog::on_postgres) before.
///
/// # Errors
///
/// Returns an error if PostgreSQL fails; the transaction must then be rolled back.
pub async fn append(
    transaction: &PostgresConnection,
    entries: &[AuditEntry],
) -> Result<(), SqlError> {
    fn column<'a, T>(entries: &'a [AuditEntry], of: impl Fn(&'a AuditEntry) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    let values: &[&(dyn ToSql + Sync)] = &[
        &column(entries, |entry| entry.id.as_uuid()),
        &column(entries, |entry| entry.at),
        &column(entries, |entry| &entry.actor_kind),
        &column(entries, |entry| entry.actor_id),
        &column(entries, |entry| &entry.actor),
        &column(entries, |entry| &entry.via),
        &column(entries, |entry| &entry.action),
        &column(entries, |entry| &entry.target),
        &column(entries, |entry| &entry.target_name),
        &column(entries, AuditEntry::changes_json),
        &column(entries, |entry| &entry.outcome),
        &column(entries, |entry| &entry.address),
        &column(entries, |entry| &entry.request_id),
        &column(entries, |entry| entry.request_id_from_client),
    ];
    transaction.execute(statements::INSERT, values).await?;
    Ok(())
}

pub(crate) async fn list(
    database: &PostgresDatabase,
    filter: &AuditFilter,
    (before, first): (Uuid, Uuid),
    limit: u32,
) -> Result<Vec<AuditEntry>, SqlError> {
    let limit = i64::from(limit);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&before, &first];
    match &filter.actor {
        None => {}
        Some(ByActor::Id(id)) => values.push(id),
        Some(ByActor::Name(name)) => values.push(name),
        Some(ByActor::OfKind(kind, name)) => values.extend([kind as &(dyn ToSql + Sync), name]),
    }
    match &filter.action {
        None => {}
        Some(ByAction::Exactly(text) | ByAction::OfCapability(text)) => values.push(text),
    }
    if let Some(target) = &filter.target {
        values.push(target);
    }
    values.push(&limit);
    let client = database.client().await?;
    let rows = client.query(&filter.statement(), &values).await?;
    Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
}

pub(crate) async fn prune(
    database: &PostgresDatabase,
    before: Timestamp,
    limit: u32,
) -> Result<u64, SqlError> {
    let client = database.client().await?;
    client
        .execute(statements::PRUNE, &[&before, &i64::from(limit)])
        .await
}

fn entry(row: &Row) -> Result<AuditEntry, Error> {
    let changes: Option<String> = row.try_get(9)?;
    Ok(AuditEntry {
        id: row.try_get::<_, Uuid>(0)?.into(),
        at: row.try_get(1)?,
        actor_kind: row.try_get(2)?,
        actor_id: row.try_get(3)?,
        actor: row.try_get(4)?,
        via: row.try_get(5)?,
        action: row.try_get(6)?,
        target: row.try_get(7)?,
        target_name: row.try_get(8)?,
        changes: AuditEntry::changes_from(changes.as_deref()),
        outcome: row.try_get(10)?,
        address: row.try_get(11)?,
        request_id: row.try_get(12)?,
        request_id_from_client: row.try_get(13)?,
    })
}
