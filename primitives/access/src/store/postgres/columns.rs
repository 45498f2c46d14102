//! How rows become nouns again.

use jiff::Timestamp;
use outrigger_crypto::Digest;
use outrigger_sql::tokio_postgres::{Error, Row};
use uuid::Uuid;

use crate::{
    AccessError, AuditEntry, Cursor, IngestKey, Session, Token,
    store::row::{AccountColumns, AccountRow, SessionRow, TokenRow, known_scopes},
};

/// How many columns an account takes at the beginning of a joined row.
const ACCOUNT: usize = 8;

pub(super) fn id<Id: From<Uuid>>(row: &Row, index: usize) -> Result<Id, Error> {
    row.try_get::<_, Uuid>(index).map(Id::from)
}

/// What a list is sorted by, of the last item before its next part.
pub(super) fn cursor(cursor: Option<Cursor>) -> (Option<Timestamp>, Option<Uuid>) {
    (
        cursor.map(|cursor| cursor.at),
        cursor.map(|cursor| cursor.id),
    )
}

fn digest(row: &Row, index: usize) -> Result<Digest, AccessError> {
    let bytes: &[u8] = row.try_get(index)?;
    let bytes = bytes.try_into();
    bytes
        .map(Digest::from_bytes)
        .map_err(|_| AccessError::Unreadable { what: "digest" })
}

pub(super) fn account(row: &Row) -> Result<AccountRow, AccessError> {
    let columns = AccountColumns {
        id: id(row, 0)?,
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        role: row.try_get(3)?,
        disabled: row.try_get(4)?,
        password_hash: row.try_get(5)?,
        created_at: row.try_get(6)?,
        last_login_at: row.try_get(7)?,
    };
    columns.into_row()
}

pub(super) fn session(row: &Row) -> Result<Session, AccessError> {
    session_at(row, 0)
}

pub(super) fn session_after_account(row: &Row) -> Result<SessionRow, AccessError> {
    Ok(SessionRow {
        session: session_at(row, ACCOUNT)?,
        digest: digest(row, ACCOUNT + 9)?,
    })
}

fn session_at(row: &Row, first: usize) -> Result<Session, AccessError> {
    Ok(Session {
        id: id(row, first)?,
        account_id: id(row, first + 1)?,
        account: row.try_get(first + 2)?,
        address: row.try_get(first + 3)?,
        user_agent: row.try_get(first + 4)?,
        by_link: row.try_get(first + 5)?,
        created_at: row.try_get(first + 6)?,
        last_seen_at: row.try_get(first + 7)?,
        expires_at: row.try_get(first + 8)?,
    })
}

pub(super) fn token(row: &Row) -> Result<TokenRow, AccessError> {
    token_at(row, 0)
}

pub(super) fn token_after_account(row: &Row) -> Result<TokenRow, AccessError> {
    token_at(row, ACCOUNT)
}

fn token_at(row: &Row, first: usize) -> Result<TokenRow, AccessError> {
    Ok(TokenRow {
        token: Token {
            id: id(row, first)?,
            account_id: id(row, first + 1)?,
            name: row.try_get(first + 2)?,
            hint: row.try_get(first + 3)?,
            scopes: known_scopes(row.try_get(first + 4)?),
            created_by: row.try_get(first + 5)?,
            created_at: row.try_get(first + 6)?,
            expires_at: row.try_get(first + 7)?,
            last_used_at: row.try_get(first + 8)?,
        },
        digest: digest(row, first + 9)?,
    })
}

pub(super) fn ingest_key(row: &Row) -> Result<IngestKey, AccessError> {
    Ok(IngestKey {
        id: id(row, 0)?,
        name: row.try_get(1)?,
        key: row.try_get(2)?,
        created_at: row.try_get(3)?,
        last_used_at: row.try_get(4)?,
    })
}

pub(super) fn audit_entry(row: &Row) -> Result<AuditEntry, AccessError> {
    Ok(AuditEntry {
        id: id(row, 0)?,
        at: row.try_get(1)?,
        actor_kind: row.try_get(2)?,
        actor_id: row.try_get(3)?,
        actor: row.try_get(4)?,
        via: row.try_get(5)?,
        action: row.try_get(6)?,
        target: row.try_get(7)?,
        outcome: row.try_get(8)?,
        address: row.try_get(9)?,
        request_id: row.try_get(10)?,
    })
}
