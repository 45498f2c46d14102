//! How values are kept in columns, and rows become nouns again.

use jiff::Timestamp;
use outrigger_crypto::Digest;
use rusqlite::{Error, Result, Row, types::Type};
use uuid::Uuid;

use crate::{
    AccessError, AuditEntry, Cursor, IngestKey, Session, Token,
    store::row::{AccountColumns, AccountRow, SessionRow, TokenRow, known_scopes},
};

/// How many columns an account takes at the beginning of a joined row.
const ACCOUNT: usize = 8;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn time(row: &Row<'_>, index: usize) -> Result<Timestamp> {
    optional_time(row, index)?.ok_or_else(|| {
        let cause = "a time is missing".into();
        Error::FromSqlConversionFailure(index, Type::Null, cause)
    })
}

fn optional_time(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(index)?;
    let unreadable = |error| Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error));
    micros
        .map(|micros| Timestamp::from_microsecond(micros).map_err(unreadable))
        .transpose()
}

pub(super) fn id<Id: From<Uuid>>(row: &Row<'_>, index: usize) -> Result<Id> {
    row.get(index).map(|bytes| Uuid::from_bytes(bytes).into())
}

/// What a list is sorted by, of the last item before its next part.
pub(super) fn cursor(cursor: Option<Cursor>) -> (Option<i64>, Option<[u8; 16]>) {
    (
        cursor.map(|cursor| micros(cursor.at)),
        cursor.map(|cursor| cursor.id.into_bytes()),
    )
}

fn digest(row: &Row<'_>, index: usize) -> Result<Digest> {
    row.get(index).map(Digest::from_bytes)
}

pub(super) fn account(row: &Row<'_>) -> std::result::Result<AccountRow, AccessError> {
    let columns = AccountColumns {
        id: id(row, 0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        disabled: row.get(4)?,
        password_hash: row.get(5)?,
        created_at: time(row, 6)?,
        last_login_at: optional_time(row, 7)?,
    };
    columns.into_row()
}

pub(super) fn session(row: &Row<'_>) -> Result<Session> {
    session_at(row, 0)
}

pub(super) fn session_after_account(row: &Row<'_>) -> Result<SessionRow> {
    Ok(SessionRow {
        session: session_at(row, ACCOUNT)?,
        digest: digest(row, ACCOUNT + 9)?,
    })
}

fn session_at(row: &Row<'_>, first: usize) -> Result<Session> {
    Ok(Session {
        id: id(row, first)?,
        account_id: id(row, first + 1)?,
        account: row.get(first + 2)?,
        address: row.get(first + 3)?,
        user_agent: row.get(first + 4)?,
        by_link: row.get(first + 5)?,
        created_at: time(row, first + 6)?,
        last_seen_at: time(row, first + 7)?,
        expires_at: time(row, first + 8)?,
    })
}

pub(super) fn token(row: &Row<'_>) -> Result<TokenRow> {
    token_at(row, 0)
}

pub(super) fn token_after_account(row: &Row<'_>) -> Result<TokenRow> {
    token_at(row, ACCOUNT)
}

fn token_at(row: &Row<'_>, first: usize) -> Result<TokenRow> {
    let scopes: String = row.get(first + 4)?;
    Ok(TokenRow {
        token: Token {
            id: id(row, first)?,
            account_id: id(row, first + 1)?,
            name: row.get(first + 2)?,
            hint: row.get(first + 3)?,
            scopes: known_scopes(&scopes),
            created_by: row.get(first + 5)?,
            created_at: time(row, first + 6)?,
            expires_at: optional_time(row, first + 7)?,
            last_used_at: optional_time(row, first + 8)?,
        },
        digest: digest(row, first + 9)?,
    })
}

pub(super) fn ingest_key(row: &Row<'_>) -> Result<IngestKey> {
    Ok(IngestKey {
        id: id(row, 0)?,
        name: row.get(1)?,
        key: row.get(2)?,
        created_at: time(row, 3)?,
        last_used_at: optional_time(row, 4)?,
    })
}

pub(super) fn audit_entry(row: &Row<'_>) -> Result<AuditEntry> {
    let actor_id: Option<[u8; 16]> = row.get(3)?;
    Ok(AuditEntry {
        id: id(row, 0)?,
        at: time(row, 1)?,
        actor_kind: row.get(2)?,
        actor_id: actor_id.map(Uuid::from_bytes),
        actor: row.get(4)?,
        via: row.get(5)?,
        action: row.get(6)?,
        target: row.get(7)?,
        outcome: row.get(8)?,
        address: row.get(9)?,
        request_id: row.get(10)?,
    })
}
